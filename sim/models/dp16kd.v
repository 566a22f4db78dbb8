// A model of the block RAM of the ECP5 in the modes of the weight memories, with an output register, one clock and words
// of the same width on both ports, and in that of the tables. The source is Lattice FPGA-TN-02204. Any other mode stops
// the simulation.
//
// - Two ports: port A writes and port B reads. A word of 36 bits takes the data pins of both ports, and its lower half
//   takes those of A. CEA is then the write enable. A word that is read in the cycle of its write is undefined.
// - One port: port A writes if WEA is set, and reads otherwise. The output after a write is undefined here. This is
//   stricter than the data sheet, in which the output does not change (NORMAL).
// - A table: port A reads, without an output register. Nothing writes.
//
// The parameters INITVAL have the contents at the start, 16 groups of 18 bits in each of them. A group takes 20 bits. Of
// every nine bits, words of 4, 2 and 1 bits take eight.
//
// Undefined is x. Verilator has no x, so there the word is the complement of the stored word.
// Pins and parameters that are not listed are not used.
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
    parameter GSR = "ENABLED",
    parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0,
    parameter [319:0] INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0,
    parameter [319:0] INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0,
    parameter [319:0] INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0,
    parameter [319:0] INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0,
    parameter [319:0] INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0,
    parameter [319:0] INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0,
    parameter [319:0] INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0,
    parameter [319:0] INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0,
    parameter [319:0] INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
    parameter [319:0] INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0,
    parameter [319:0] INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0,
    parameter [319:0] INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0,
    parameter [319:0] INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0,
    parameter [319:0] INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0,
    parameter [319:0] INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0
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
    localparam TABLE = REGMODE_A == "NOREG" && REGMODE_B == "NOREG";
    localparam [20479:0] CONTENTS = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
        INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
        INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
    };

    reg [BITS-1:0] words [0:(16384 >> BELOW) - 1];
    reg [BITS-1:0] found, out;
    wire [35:0] data_out = {36'b0, TABLE ? found : out};

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

    integer k, n, place;
    initial begin
        for (k = 0; k < (16384 >> BELOW); k = k + 1)
            for (n = 0; n < BITS; n = n + 1) begin
                place = BITS < 9 ? (k * BITS + n) / 8 * 9 + (k * BITS + n) % 8 : k * BITS + n;
                words[k][n] = CONTENTS[place / 18 * 20 + place % 18];
            end
        if (!TABLE && DATA_WIDTH_B != DATA_WIDTH_A || BITS != 36 && BITS != 18 && BITS != 9 && BITS != 4 && BITS != 2 && BITS != 1)
            $fatal(1, "DP16KD: only equal widths of 36, 18, 9, 4, 2 or 1 are modelled");
        if (DUAL ? REGMODE_A != (BITS == 36 ? "OUTREG" : "NOREG") : BITS == 36 || !TABLE && REGMODE_A != "OUTREG")
            $fatal(1, "DP16KD: the output register of the port that reads must be on, and off in a table");
        if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000" || GSR != "DISABLED" || !TABLE
                && (RESETMODE != "SYNC" || ASYNC_RESET_RELEASE != "SYNC"
                    || WRITEMODE_A != "NORMAL" || WRITEMODE_B != "NORMAL"))
            $fatal(1, "DP16KD: this mode is not modelled");
    end

    always @(posedge CLKA) begin
        if (write)
            words[write_word] <= data[BITS-1:0];
        found <= write && (!DUAL || write_word == read_word) ? undefined : words[read_word];
        out <= found;
        if ({RSTA, RSTB, CSA2, CSA1, CSA0, CSB2, CSB1, CSB0, WEB} !== 9'b0 || OCEA !== 1'b1 || TABLE && WEA !== 1'b0
                || CEB !== DUAL || !TABLE && OCEB !== DUAL || BITS != 36 && CEA !== 1'b1 || BITS == 36 && WEA !== 1'b1)
            $fatal(1, "DP16KD: this use of resets, enables and selects is not modelled");
        // The masks are computed with shifts, because BELOW or BYTES may be zero.
        if (!TABLE && (address_a & ((1 << BELOW) - 1)) !== ((1 << BYTES) - 1))
            $fatal(1, "DP16KD: the lowest address bits must enable all bytes and be zero beside");
    end

    // Port B has the clock of port A if it reads, and no clock otherwise.
    always @(CLKB)
        if (CLKB !== (DUAL ? CLKA : 1'b0))
            $fatal(1, "DP16KD: two clocks are not modelled");
endmodule
