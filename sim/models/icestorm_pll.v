// A model of the PLL of an iCE40 in a routed netlist, where its output is the input of a global buffer without a net. It
// is always on, never bypassed, with the simple feedback, and locked. The source is the packer of nextpnr-ice40. Any other
// mode stops the simulation. Parameters that choose the frequency, and pins that are not listed, are not used.
module ICESTORM_PLL #(
    parameter PLLTYPE = 0,
    parameter FEEDBACK_PATH = 0,
    parameter PLLOUT_SELECT_A = 0,
    parameter PLLOUT_SELECT_B = 0,
    parameter DELAY_ADJMODE_FB = 0,
    parameter DELAY_ADJMODE_REL = 0,
    parameter FDA_FEEDBACK = 0,
    parameter FDA_RELATIVE = 0,
    parameter DIVR = 0,
    parameter DIVF = 0,
    parameter DIVQ = 0,
    parameter FILTER_RANGE = 0,
    parameter SHIFTREG_DIVMODE = 0,
    parameter ENABLE_ICEGATE_PORTA = 0,
    parameter ENABLE_ICEGATE_PORTB = 0,
    parameter TEST_MODE = 0
) (
    input REFERENCECLK, BYPASS, RESETB, EXTFEEDBACK, LATCHINPUTVALUE, SDI, SCLK,
    input DYNAMICDELAY_7, DYNAMICDELAY_6, DYNAMICDELAY_5, DYNAMICDELAY_4,
    input DYNAMICDELAY_3, DYNAMICDELAY_2, DYNAMICDELAY_1, DYNAMICDELAY_0,
    output PLLOUT_A, PLLOUT_A_GLOBAL, PLLOUT_B, PLLOUT_B_GLOBAL, LOCK, SDO
);
    // PLLTYPE is 2 for SB_PLL40_PAD and 3 for SB_PLL40_CORE. FEEDBACK_PATH is 1 for "SIMPLE".
    assign LOCK = 1'b1;

    initial
        if (PLLTYPE != 2 && PLLTYPE != 3 || FEEDBACK_PATH != 1 || PLLOUT_SELECT_A != 0 || DELAY_ADJMODE_FB != 0
                || DELAY_ADJMODE_REL != 0 || FDA_FEEDBACK != 0 || FDA_RELATIVE != 0 || SHIFTREG_DIVMODE != 0
                || ENABLE_ICEGATE_PORTA != 0 || ENABLE_ICEGATE_PORTB != 0 || TEST_MODE != 0)
            $fatal(1, "ICESTORM_PLL: this mode is not modelled");

    always @(posedge REFERENCECLK)
        if (BYPASS !== 1'b0 || RESETB !== 1'b1)
            $fatal(1, "ICESTORM_PLL: only a PLL that is always on is modelled");
endmodule
