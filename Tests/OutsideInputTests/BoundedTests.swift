import OutsideInput
import Testing

@Suite("A number from outside")
struct BoundedTests {
    @Test(
        "is made a whole number of the range, whatever it is",
        arguments: [
            (1.5, 1), (-0.5, 0), (1e308, 100), (-1e308, 0), (.infinity, 100), (-.infinity, 0), (100, 100), (1e19, 100),
            (1e-300, 0),
        ] as [(Double, Int)])
    func whole(number: Double, whole: Int) {
        #expect(Bounded.whole(number, in: 0...100) == whole)
    }

    @Test("that is none says nothing")
    func notANumber() {
        #expect(Bounded.whole(.nan, in: 0...100) == nil)
        #expect(Bounded.whole(.signalingNaN, in: .min ... .max) == nil)
    }

    @Test("fits at the ends of the integers, which no floating-point number can name")
    func ends() {
        #expect(Bounded.whole(0x1p63, in: .min ... .max) == .max)
        #expect(Bounded.whole((0x1p63).nextDown, in: .min ... .max) == .max - 1023)
        #expect(Bounded.whole(-0x1p63, in: .min ... .max) == .min)
        #expect(Bounded.whole((-0x1p63).nextDown, in: .min ... .max) == .min)
        #expect(Bounded.whole(1.2, in: 0...9, rounded: .up) == 2)
    }

    @Test(
        "is read from decimal digits alone",
        arguments: [
            ("1", 1), ("1.5", 1.5), ("-1", -1), ("1e3", 1000), ("1e400", .infinity), ("99999999999999999999", 1e20),
            ("nan", nil), ("inf", nil), ("-inf", nil), ("infinity", nil), ("0x10", nil), ("", nil), (" 1", nil),
            ("1 ", nil),
            ("e", nil), ("+", nil), ("1,5", nil), ("1_000", nil), ("١", nil), ("Wed, 21 Oct 2026 07:28:00 GMT", nil),
        ] as [(String, Double?)])
    func text(text: String, number: Double?) {
        #expect(Bounded.number(text) == number)
    }

    @Test("a million digits are none")
    func length() {
        #expect(Bounded.number(String(repeating: "9", count: 1_000_000)) == nil)
    }

    @Test("is a length of time that a clock can hold", arguments: [Double.infinity, -.infinity, 1e308, .nan, 0, 1e11])
    func duration(seconds: Double) {
        #expect(abs(Bounded.duration(seconds: seconds) / .seconds(1)) <= 1e11)
    }

    @Test("is added and subtracted up to the ends")
    func sums() {
        #expect(Bounded.sum(.max, 1) == .max && Bounded.sum(.min, -1) == .min && Bounded.sum(2, 3) == 5)
        #expect(Bounded.difference(.min, 1) == .min && Bounded.difference(0, .min) == .max)
        #expect(Bounded.difference(.max, -1) == .max && Bounded.difference(5, 3) == 2)
        #expect(Int.max.clamped(to: Bounded.times) == 253_402_300_799 && Int.min.clamped(to: Bounded.times) == 0)
    }
}
