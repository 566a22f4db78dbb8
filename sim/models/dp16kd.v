// A model of the block RAM of the ECP5 in the mode of the weight memories: with an output register, with one clock, and
// with words of the same width on both ports. The source is Lattice FPGA-TN-02204. Any other mode stops the simulation.
//
// - Two ports: port A writes and port B reads. A word of 36 bits takes the data pins of both ports, and its lower half
//   takes those of A. CEA is then the write enable. A word that is read in the cycle of its write is undefined.
// - One port: port A writes if WEA is set, and reads otherwise. The output after a write is undefined here. This is
//   stricter than the data sheet, in which the output does not change (NORMAL).
//
// Undefined is x. Verilator has no x, so there the word is the complement of the stored word.
// Pins and parameters that are not listed are not used. The initial contents are zero, as without INITVAL.
module DP16KD #(
    parameter DATA_WIDTH_A = 18,
    parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG",
    parameter REGMODE_B = "NOREG",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter CSDECODE_A = "0b000",
    parameter CSDECODE_B = "0b000",
    parameter WRITEMODE_A = "NORMAL",
    parameter WRITEMODE_B = "NORMAL",
    parameter GSR = "ENABLED"
) (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
    input DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
    input DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CLKA, CEA, OCEA, WEA, RSTA, CSA2, CSA1, CSA0,
    input CLKB, CEB, OCEB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
    output DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
    output DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
    localparam BITS = DATA_WIDTH_A;
    // BELOW is the number of the lowest address bits, which select a part of the widest word. BYTES is the number of
    // those of them that are write enables of bytes.
    localparam BELOW = BITS == 36 ? 5 : BITS == 18 ? 4 : BITS == 9 ? 3 : BITS == 4 ? 2 : BITS == 2 ? 1 : 0;
    localparam BYTES = BITS / 9;
    localparam DUAL = REGMODE_B == "OUTREG";

    reg [BITS-1:0] words [0:(16384 >> BELOW) - 1];
    reg [BITS-1:0] found, out;
    wire [35:0] data_out = {36'b0, out};

    wire [35:0] data = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
        DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
        DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0
    };
    wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [13:0] write_word = address_a >> BELOW;
    wire [13:0] read_word = (DUAL ? address_b : address_a) >> BELOW;
    wire write = CEA & WEA;
`ifdef VERILATOR
    wire [BITS-1:0] undefined = ~words[read_word];
`else
    wire [BITS-1:0] undefined = {BITS{1'bx}};
`endif

    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
            DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} = BITS == 36 ? data_out[35:18] : data_out[17:0];
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
            DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = data_out[17:0];

    integer k;
    initial begin
        for (k = 0; k < (16384 >> BELOW); k = k + 1)
            words[k] = 0;
        if (DATA_WIDTH_B != DATA_WIDTH_A || BITS != 36 && BITS != 18 && BITS != 9 && BITS != 4 && BITS != 2 && BITS != 1)
            $fatal(1, "DP16KD: only equal widths of 36, 18, 9, 4, 2 or 1 are modelled");
        if (!(DUAL && REGMODE_A == (BITS == 36 ? "OUTREG" : "NOREG") || !DUAL && REGMODE_A == "OUTREG" && BITS != 36))
            $fatal(1, "DP16KD: the output register of the port that reads must be on");
        if (RESETMODE != "SYNC" || ASYNC_RESET_RELEASE != "SYNC" || CSDECODE_A != "0b000" || CSDECODE_B != "0b000"
                || WRITEMODE_A != "NORMAL" || WRITEMODE_B != "NORMAL" || GSR != "DISABLED")
            $fatal(1, "DP16KD: this mode is not modelled");
    end

    always @(posedge CLKA) begin
        if (write)
            words[write_word] <= data[BITS-1:0];
        found <= write && (!DUAL || write_word == read_word) ? undefined : words[read_word];
        out <= found;
        if ({RSTA, RSTB, CSA2, CSA1, CSA0, CSB2, CSB1, CSB0, WEB} !== 9'b0 || OCEA !== 1'b1
                || {CEB, OCEB} !== {DUAL, DUAL} || BITS != 36 && CEA !== 1'b1 || BITS == 36 && WEA !== 1'b1)
            $fatal(1, "DP16KD: this use of resets, enables and selects is not modelled");
        // The masks are computed with shifts, because BELOW or BYTES may be zero.
        if ((address_a & ((1 << BELOW) - 1)) !== ((1 << BYTES) - 1))
            $fatal(1, "DP16KD: the lowest address bits must enable all bytes and be zero beside");
    end

    // Port B has the clock of port A if it reads, and no clock otherwise.
    always @(CLKB)
        if (CLKB !== (DUAL ? CLKA : 1'b0))
            $fatal(1, "DP16KD: two clocks are not modelled");
endmodule
