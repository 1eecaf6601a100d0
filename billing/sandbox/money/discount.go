package money

import "math/big"

// PercentOff returns what a percentage takes off each line, every line rounded half-up by itself.
func PercentOff(lines []int64, percent *big.Rat) ([]int64, error) {
	fraction := new(big.Rat).Quo(percent, new(big.Rat).SetInt64(100))
	off := make([]int64, len(lines))
	for i, amount := range lines {
		v, err := Round(times(fraction, amount))
		if err != nil {
			return nil, err
		}
		off[i] = v
	}
	return off, nil
}

// AmountOff spreads a fixed amount over the lines in proportion to them: each share is floored and what
// the flooring left over goes to the last line, or, where that is already free, to the ones before it.
// It never takes off more than a line is worth, and lines that are not positive (credits) take no share.
func AmountOff(lines []int64, amount int64) []int64 {
	off := make([]int64, len(lines))
	var sum int64
	for _, line := range lines {
		sum += max(line, 0)
	}
	if sum == 0 || amount <= 0 {
		return off
	}
	total := min(amount, sum)
	left := total
	for i, line := range lines {
		if line > 0 {
			part := share(total, line, sum)
			off[i] = new(big.Int).Quo(part.Num(), part.Denom()).Int64()
			left -= off[i]
		}
	}
	for i := len(lines) - 1; i >= 0 && left > 0; i-- {
		if more := min(left, lines[i]-off[i]); more > 0 {
			off[i] += more
			left -= more
		}
	}
	return off
}
