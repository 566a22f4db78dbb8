// A model of a logic cell of the iCE40 as nextpnr packs it: a look-up table, a flip-flop behind it, and a carry beside it.
// The source is Lattice FPGA-DS-02029. Every input must be connected. The model of yosys pulls inputs that are not
// connected to their level, which Verilator does not support.
module ICESTORM_LC #(
    parameter [15:0] LUT_INIT = 0,
    parameter NEG_CLK = 0,
    parameter CARRY_ENABLE = 0,
    parameter DFF_ENABLE = 0,
    parameter SET_NORESET = 0,
    parameter ASYNC_SR = 0,
    parameter CIN_CONST = 0,
    parameter CIN_SET = 0
) (
    input I0, I1, I2, I3, CIN, CLK, CEN, SR,
    output LO, O, COUT
);
    localparam [0:0] START = SET_NORESET;
    wire carry = CIN_CONST ? CIN_SET : CIN;

    assign LO = LUT_INIT[{I3, I2, I1, I0}];
    assign COUT = CARRY_ENABLE ? I1 & I2 | (I1 | I2) & carry : 1'b0;

    generate
        if (!DFF_ENABLE) begin : without_register
            assign O = LO;
        end else begin : with_register
            reg register = 1'b0;
            assign O = register;
            if (ASYNC_SR) begin : asynchronous
                always @(posedge CLK, posedge SR)
                    if (SR)
                        register <= START;
                    else if (CEN)
                        register <= LO;
            end else begin : synchronous
                always @(posedge CLK)
                    if (CEN)
                        register <= SR ? START : LO;
            end
        end
    endgenerate

    initial
        if (NEG_CLK != 0)
            $fatal(1, "ICESTORM_LC: an inverted clock is not modelled");
endmodule
