package sandbox

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
)

// percentDigits is how many places after the point a percentage keeps.
const percentDigits = 4

// percent reads a percentage between 0 and 100 and writes it as Stripe does: 25 for the 25.0000 that stripe-go sends.
// It reports false for anything else.
func percent(text string) (json.Number, bool) {
	// big.Rat would also take fractions and hexadecimal.
	if !regexp.MustCompile(`^\d{1,3}(\.\d+)?$`).MatchString(text) {
		return "", false
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok || value.Cmp(big.NewRat(100, 1)) > 0 {
		return "", false
	}
	return json.Number(strings.TrimSuffix(strings.TrimRight(value.FloatString(percentDigits), "0"), ".")), true
}
