// A model of the multiplier of the ECP5 in the mode of the cells: signed, with registers after the operands, the product
// and the output. All registers are on CLK0, always enabled and never reset. The source is Lattice FPGA-TN-02205. Any
// other mode stops the simulation. Pins and parameters that are not listed are not used.
module MULT18X18D #(
    parameter REG_INPUTA_CLK = "NONE",
    parameter REG_INPUTB_CLK = "NONE",
    parameter REG_PIPELINE_CLK = "NONE",
    parameter REG_OUTPUT_CLK = "NONE",
    parameter GSR = "ENABLED",
    parameter RESETMODE = "SYNC"
) (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input CLK0, CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
    output P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    reg signed [17:0] a, b;
    reg signed [35:0] product, out;

    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
            P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = out;

    always @(posedge CLK0) begin
        a <= {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
        b <= {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
        product <= a * b;
        out <= product;
        if ({CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB} !== 6'b101100)
            $fatal(1, "MULT18X18D: only signed operands from A and B, always enabled, are modelled");
    end

    initial
        if (REG_INPUTA_CLK != "CLK0" || REG_INPUTB_CLK != "CLK0" || REG_PIPELINE_CLK != "CLK0"
                || REG_OUTPUT_CLK != "CLK0" || GSR != "DISABLED" || RESETMODE != "SYNC")
            $fatal(1, "MULT18X18D: only all registers on CLK0, without global reset, are modelled");
endmodule
