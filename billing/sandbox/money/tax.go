package money

import "math/big"

// TaxExclusive is the tax added on top of a net amount, rounded half-up.
func TaxExclusive(net int64, percent *big.Rat) (int64, error) {
	return Round(times(new(big.Rat).Quo(percent, new(big.Rat).SetInt64(100)), net))
}

// TaxInclusive is the tax contained in a gross amount, rounded half-up.
func TaxInclusive(gross int64, percent *big.Rat) (int64, error) {
	return TaxInclusiveOf(gross, percent, percent)
}

// TaxInclusiveOf is one of several taxes contained in a gross amount, whose percentages add up to all, rounded half-up.
func TaxInclusiveOf(gross int64, percent, all *big.Rat) (int64, error) {
	whole := new(big.Rat).Add(all, new(big.Rat).SetInt64(100))
	return Round(times(new(big.Rat).Quo(percent, whole), gross))
}
