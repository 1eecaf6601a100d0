package money

import (
	"errors"
	"math/big"
)

// Price is how an amount follows from a quantity. With Tiers it is tiered, otherwise it is Unit times
// the quantity.
type Price struct {
	Unit *big.Rat
	// Tiers in ascending order; the last has UpTo 0, which stands for infinity.
	Tiers []Tier
	// Volume prices the whole quantity by the tier it falls into. Otherwise the tiers are graduated:
	// each part of the quantity costs what its own tier says.
	Volume bool
	// DivideBy above zero sells the quantity in packages of that size.
	DivideBy int64
	// RoundDown drops an incomplete package; otherwise it counts as a whole one.
	RoundDown bool
}

// Tier is one step of a tiered price. Flat is charged once as soon as the tier is reached.
type Tier struct {
	UpTo int64
	Unit *big.Rat
	Flat *big.Rat
}

// ErrTiers says that tiers do not reach the quantity they were asked to price.
var ErrTiers = errors.New("money: tiers do not cover the quantity")

// Amount prices a quantity and rounds once at the end.
func (p Price) Amount(quantity int64) (int64, error) {
	if p.DivideBy > 0 {
		packages := quantity / p.DivideBy
		if quantity%p.DivideBy != 0 && !p.RoundDown {
			packages++
		}
		quantity = packages
	}
	switch {
	case len(p.Tiers) == 0:
		return Round(times(p.Unit, quantity))
	case p.Volume:
		return p.volume(quantity)
	default:
		return p.graduated(quantity)
	}
}

func (p Price) volume(quantity int64) (int64, error) {
	for _, tier := range p.Tiers {
		if tier.UpTo != 0 && quantity > tier.UpTo {
			continue
		}
		return Round(plus(times(tier.Unit, quantity), tier.Flat))
	}
	return 0, ErrTiers
}

func (p Price) graduated(quantity int64) (int64, error) {
	sum, below := new(big.Rat), int64(0)
	for i, tier := range p.Tiers {
		// The first tier is always entered, so that its flat amount is a base fee at quantity zero.
		if i > 0 && quantity <= below {
			break
		}
		in := quantity - below
		if tier.UpTo != 0 && quantity > tier.UpTo {
			in = tier.UpTo - below
		}
		sum = plus(plus(sum, times(tier.Unit, in)), tier.Flat)
		below += in
	}
	if below < quantity {
		return 0, ErrTiers
	}
	return Round(sum)
}

func times(unit *big.Rat, quantity int64) *big.Rat {
	if unit == nil {
		return new(big.Rat)
	}
	return new(big.Rat).Mul(unit, new(big.Rat).SetInt64(quantity))
}

func plus(a, b *big.Rat) *big.Rat {
	if b == nil {
		return a
	}
	return new(big.Rat).Add(a, b)
}
