package money

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func at(t *testing.T, s string) int64 {
	t.Helper()
	v, err := time.Parse("2006-01-02T15:04", s)
	require.NoError(t, err)
	return v.Unix()
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

func TestRoundIsHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"1/2": 1, "-1/2": -1, "1/3": 0, "-667/1000": -1, "5/2": 3, "-5/2": -3, "7": 7} {
		got, err := Round(rat(in))
		require.NoError(t, err)
		require.Equal(t, want, got, in)
	}
	_, err := Round(rat("9223372036854775808"))
	require.ErrorIs(t, err, ErrRange)
}

func TestProrateKnownAnswers(t *testing.T) {
	t.Parallel()
	june := [2]int64{at(t, "2026-06-01T00:00"), at(t, "2026-07-01T00:00")}
	jan := [2]int64{at(t, "2026-01-01T00:00"), at(t, "2026-02-01T00:00")}
	for name, c := range map[string]struct {
		amount     int64
		period     [2]int64
		at         string
		want       int64
		wantCredit int64
	}{
		"ten dollars, a third gone":  {1000, june, "2026-06-11T00:00", 667, -667},
		"five dollars, a third gone": {500, june, "2026-06-11T00:00", 333, -333},
		"half of ten":                {1000, june, "2026-06-16T00:00", 500, -500},
		"half of twenty":             {2000, june, "2026-06-16T00:00", 1000, -1000},
		"nothing gone":               {1000, june, "2026-06-01T00:00", 1000, -1000},
		"all gone":                   {1000, june, "2026-07-01T00:00", 0, 0},
		"middle of January at 50":    {5000, jan, "2026-01-16T12:00", 2500, -2500},
		"middle of January at 100":   {10000, jan, "2026-01-16T12:00", 5000, -5000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Prorate(c.amount, c.period[0], at(t, c.at), c.period[1])
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			credit, err := Prorate(-c.amount, c.period[0], at(t, c.at), c.period[1])
			require.NoError(t, err)
			require.Equal(t, c.wantCredit, credit)
		})
	}
	_, err := Prorate(100, 10, 9, 20)
	require.ErrorIs(t, err, ErrPeriod)
	_, err = Prorate(100, 10, 10, 10)
	require.ErrorIs(t, err, ErrPeriod)
}

func TestTiersKnownAnswers(t *testing.T) {
	t.Parallel()
	tiers := []Tier{{UpTo: 5, Unit: rat("700")}, {UpTo: 10, Unit: rat("650")}, {Unit: rat("600")}}
	for _, c := range []struct{ quantity, volume, graduated int64 }{
		{1, 700, 700}, {5, 3500, 3500}, {6, 3900, 4150}, {20, 12000, 12750}, {25, 15000, 15750},
	} {
		volume, err := Price{Tiers: tiers, Volume: true}.Amount(c.quantity)
		require.NoError(t, err)
		require.Equal(t, c.volume, volume, "volume of %d", c.quantity)
		graduated, err := Price{Tiers: tiers}.Amount(c.quantity)
		require.NoError(t, err)
		require.Equal(t, c.graduated, graduated, "graduated of %d", c.quantity)
	}
	flat := []Tier{{UpTo: 10, Flat: rat("1000")}, {Unit: rat("50"), Flat: rat("200")}}
	got, err := Price{Tiers: flat}.Amount(0)
	require.NoError(t, err)
	require.EqualValues(t, 1000, got, "the first flat amount is a base fee")
	got, err = Price{Tiers: flat}.Amount(12)
	require.NoError(t, err)
	require.EqualValues(t, 1300, got)
	_, err = Price{Tiers: tiers[:2]}.Amount(11)
	require.ErrorIs(t, err, ErrTiers)
	_, err = Price{Tiers: tiers[:2], Volume: true}.Amount(11)
	require.ErrorIs(t, err, ErrTiers)
}

func TestPackagesAndDecimals(t *testing.T) {
	t.Parallel()
	up := Price{Unit: rat("500"), DivideBy: 10}
	got, err := up.Amount(21)
	require.NoError(t, err)
	require.EqualValues(t, 1500, got)
	up.RoundDown = true
	got, err = up.Amount(21)
	require.NoError(t, err)
	require.EqualValues(t, 1000, got)

	unit, err := ParseDecimal("0.005")
	require.NoError(t, err)
	got, err = Price{Unit: unit}.Amount(100)
	require.NoError(t, err)
	require.EqualValues(t, 1, got)
	for _, bad := range []string{"", "1e3", "1/2", "abc", "0x1", "99999999999999999999999999999999999999999"} {
		_, err := ParseDecimal(bad)
		require.Error(t, err, bad)
	}
}

func TestDiscountKnownAnswers(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int64{166, 334}, AmountOff([]int64{1000, 2000}, 500))
	require.Equal(t, []int64{1000, 2000}, AmountOff([]int64{1000, 2000}, 9000), "never more than the lines")
	require.Equal(t, []int64{0, 500}, AmountOff([]int64{-700, 2000}, 500), "credits take no share")
	require.Equal(t, []int64{0}, AmountOff([]int64{0}, 500))
	off, err := PercentOff([]int64{43, 484}, rat("15"))
	require.NoError(t, err)
	require.Equal(t, []int64{6, 73}, off)
}

func TestTaxKnownAnswers(t *testing.T) {
	t.Parallel()
	var sum int64
	for net, want := range map[int64]int64{43: 6, 484: 73} {
		got, err := TaxExclusive(net, rat("15"))
		require.NoError(t, err)
		require.Equal(t, want, got)
		sum += got
	}
	require.EqualValues(t, 79, sum)
	got, err := TaxInclusive(1190, rat("19"))
	require.NoError(t, err)
	require.EqualValues(t, 190, got)
}

func TestCalendarClampsAndReturns(t *testing.T) {
	t.Parallel()
	month, year := Interval{"month", 1}, Interval{"year", 1}
	anchor := at(t, "2026-01-31T10:00")
	for n, want := range []string{"2026-01-31T10:00", "2026-02-28T10:00", "2026-03-31T10:00", "2026-04-30T10:00"} {
		require.Equal(t, at(t, want), month.Boundary(anchor, int64(n)))
	}
	require.Equal(t, at(t, "2028-02-29T10:00"), month.Boundary(anchor, 25))
	require.Equal(t, at(t, "2025-02-28T00:00"), year.Boundary(at(t, "2024-02-29T00:00"), 1))
	require.Equal(t, at(t, "2028-02-29T00:00"), year.Boundary(at(t, "2024-02-29T00:00"), 4))
	require.Equal(t, at(t, "2026-02-28T10:00"), month.Next(anchor, anchor))
	require.Equal(t, at(t, "2026-03-31T10:00"), month.Next(anchor, at(t, "2026-02-28T10:00")))
	require.Equal(t, at(t, "2026-02-28T10:00"), month.Previous(anchor, at(t, "2026-03-31T09:59")))
	require.Equal(t, at(t, "2026-02-05T00:00"), Interval{"week", 2}.Boundary(at(t, "2026-01-22T00:00"), 1))
	require.Equal(t, at(t, "2026-01-25T00:00"), Interval{"day", 3}.Boundary(at(t, "2026-01-22T00:00"), 1))
	require.Equal(t, at(t, "2026-04-30T10:00"), Interval{"month", 3}.Next(anchor, anchor))
}

// A boundary search must agree with counting, for every interval and however far it has to look.
func TestNextAndPreviousBracketAnyMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		i := Interval{
			Unit:  rapid.SampledFrom([]string{"day", "week", "month", "year"}).Draw(rt, "unit"),
			Count: rapid.Int64Range(1, 12).Draw(rt, "count"),
		}
		anchor := rapid.Int64Range(1_500_000_000, 1_900_000_000).Draw(rt, "anchor")
		moment := rapid.Int64Range(1_500_000_000, 1_900_000_000).Draw(rt, "moment")
		next, previous := i.Next(anchor, moment), i.Previous(anchor, moment)
		if previous > moment || next <= moment {
			rt.Fatalf("%d is not within [%d, %d)", moment, previous, next)
		}
		if i.Next(anchor, previous) != next {
			rt.Fatalf("%d and %d are not neighbours", previous, next)
		}
	})
}

// Whatever the lines are, an amount off is spread to the cent.
func TestAmountOffAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfN(rapid.Int64Range(1, 1_000_000), 1, 8).Draw(rt, "lines")
		amount := rapid.Int64Range(0, 3_000_000).Draw(rt, "amount")
		var sum, taken int64
		for _, line := range lines {
			sum += line
		}
		for i, off := range AmountOff(lines, amount) {
			if off < 0 || off > lines[i] {
				rt.Fatalf("line %d of %v gives %d", i, lines, off)
			}
			taken += off
		}
		if taken != min(amount, sum) {
			rt.Fatalf("took %d of %d from %v", taken, amount, lines)
		}
	})
}
