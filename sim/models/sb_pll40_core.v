// A model of the PLL of an iCE40 as the boards use it: always on, never bypassed, with the simple feedback. Its frequency
// is not modelled: it passes its input on, so a simulation gives it the clock that the PLL makes. The source is Lattice
// FPGA-TN-02052. Any other mode stops the simulation. Parameters that choose the frequency are not used.
module SB_PLL40_CORE #(
    parameter FEEDBACK_PATH = "SIMPLE",
    parameter DELAY_ADJUSTMENT_MODE_FEEDBACK = "FIXED",
    parameter DELAY_ADJUSTMENT_MODE_RELATIVE = "FIXED",
    parameter PLLOUT_SELECT = "GENCLK",
    parameter SHIFTREG_DIV_MODE = 0,
    parameter FDA_FEEDBACK = 0,
    parameter FDA_RELATIVE = 0,
    parameter DIVR = 0,
    parameter DIVF = 0,
    parameter DIVQ = 0,
    parameter FILTER_RANGE = 0,
    parameter ENABLE_ICEGATE = 0,
    parameter TEST_MODE = 0
) (
    input REFERENCECLK, EXTFEEDBACK, BYPASS, RESETB, LATCHINPUTVALUE, SDI, SCLK,
    input [7:0] DYNAMICDELAY,
    output PLLOUTCORE, PLLOUTGLOBAL, LOCK, SDO
);
    assign PLLOUTCORE = REFERENCECLK;
    assign PLLOUTGLOBAL = REFERENCECLK;
    assign LOCK = 1'b1;
    assign SDO = 1'b0;

    initial
        if (FEEDBACK_PATH != "SIMPLE" || PLLOUT_SELECT != "GENCLK" || DELAY_ADJUSTMENT_MODE_FEEDBACK != "FIXED"
                || DELAY_ADJUSTMENT_MODE_RELATIVE != "FIXED" || FDA_FEEDBACK != 0 || FDA_RELATIVE != 0
                || SHIFTREG_DIV_MODE != 0 || ENABLE_ICEGATE != 0 || TEST_MODE != 0)
            $fatal(1, "SB_PLL40_CORE: this mode is not modelled");

    always @(posedge REFERENCECLK)
        if (BYPASS !== 1'b0 || RESETB !== 1'b1)
            $fatal(1, "SB_PLL40_CORE: only a PLL that is always on is modelled");
endmodule
