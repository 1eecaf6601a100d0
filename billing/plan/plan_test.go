package plan_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/tollgate/billing/plan"
)

func TestDefaultCatalogIsValid(t *testing.T) {
	t.Parallel()
	require.NoError(t, plan.Default().Validate())
}

// TestSoldPricesNeverChange pins what customers may have bought. A price that must change gets its
// next version and a new line here; a line is never edited.
func TestSoldPricesNeverChange(t *testing.T) {
	t.Parallel()
	sold := map[string]plan.Money{
		"starter_v1_month": {2900, "usd"}, "starter_v1_year": {29000, "usd"},
		"pro_v1_month": {7900, "usd"}, "pro_v1_year": {79000, "usd"},
	}
	for key, want := range sold {
		_, price, ok := plan.Default().ByLookupKey(key)
		require.True(t, ok, "%s is gone from the catalog; retire it instead", key)
		require.Equal(t, want, price.Money, key)
	}
}

func TestValidateFindsEveryMistake(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*plan.Catalog)
		says  string
	}{
		"no free plan":          {func(c *plan.Catalog) { c.Plans = c.Plans[1:] }, "exactly one plan without prices"},
		"same key":              {func(c *plan.Catalog) { c.Plans[2].Key = "starter" }, "appears twice"},
		"same level":            {func(c *plan.Catalog) { c.Plans[2].Level = 10 }, "share level"},
		"same lookup key":       {func(c *plan.Catalog) { c.Plans[2].Prices[0].LookupKey = "starter_v1_month" }, "used twice"},
		"empty lookup key":      {func(c *plan.Catalog) { c.Plans[2].Prices[0].LookupKey = "" }, "empty"},
		"free price":            {func(c *plan.Catalog) { c.Plans[2].Prices[0].Money.Amount = 0 }, "above zero"},
		"unknown interval":      {func(c *plan.Catalog) { c.Plans[2].Prices[0].Interval = "fortnight" }, "unknown interval"},
		"feature without words": {func(c *plan.Catalog) { c.Features = c.Features[1:] }, "has no words"},
		"feature nobody grants": {func(c *plan.Catalog) { c.Plans[2].Features = c.Plans[2].Features[:1] }, "no plan grants"},
		"limit without number":  {func(c *plan.Catalog) { delete(c.Plans[1].Limits, plan.Projects) }, "needs a number"},
		"limit without words":   {func(c *plan.Catalog) { c.Plans[1].Limits["storage"] = 5 }, "has no words"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := plan.Default()
			tc.spoil(c)
			require.ErrorContains(t, c.Validate(), tc.says)
		})
	}
}

func TestOnSaleIsTheAllowList(t *testing.T) {
	t.Parallel()
	c := plan.Default()
	c.Plans[1].Prices[0].Retired = true
	_, _, ok := c.OnSale("starter_v1_month")
	require.False(t, ok, "a retired price is not sold")
	p, _, ok := c.ByLookupKey("starter_v1_month")
	require.True(t, ok, "but keeps granting")
	require.Equal(t, "starter", p.Key)
	for _, key := range []string{"", "free", "pro", "PRO_V1_MONTH"} {
		_, _, ok := c.OnSale(key)
		require.False(t, ok, "%q", key)
	}
}

func TestSaving(t *testing.T) {
	t.Parallel()
	price := func(amount int64) plan.Price { return plan.Price{Money: plan.Money{Amount: amount, Currency: "usd"}} }
	saved, percent := plan.Saving(price(2900), price(29000))
	require.Equal(t, plan.Money{Amount: 5800, Currency: "usd"}, saved)
	require.EqualValues(t, 16, percent)
	saved, percent = plan.Saving(price(1000), price(13000))
	require.Zero(t, saved.Amount, "a dearer year saves nothing")
	require.Zero(t, percent)
}

// TestMoneyIsWrittenAsItsCurrencyIs has the currencies whose wire units surprise.
func TestM01_MoneyIsWrittenAsItsCurrencyIs(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]plan.Money{
		"$29.00":        {2900, "usd"},
		"$0.00":         {0, "usd"},
		"-$5.01":        {-501, "usd"},
		"$1,234,567.89": {123456789, "usd"},
		"¥500":          {500, "jpy"},
		"KWD 1.234":     {1234, "kwd"},
		"ISK 5":         {500, "isk"},
		"UGX 5":         {500, "ugx"},
		"ZZZ 12.34":     {1234, "zzz"},
	} {
		got := m.Format("en-US")
		require.Equal(t, want, normal(got))
	}
	require.Equal(t, "$29", plan.Money{Amount: 2900, Currency: "usd"}.Short("en-US"))
	require.Equal(t, "$29.50", plan.Money{Amount: 2950, Currency: "usd"}.Short("en-US"))
}

// TestM02_LargeAndNegativeAmounts: whole numbers all the way, so that nothing is rounded and nothing overflows.
func TestM02_LargeAndNegativeAmounts(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]plan.Money{
		"$999,999.99":                {99_999_999, "usd"},
		"-$999,999.99":               {-99_999_999, "usd"},
		"$92,233,720,368,547,758.07": {math.MaxInt64, "usd"},
		"-¥99,999,999":               {-99_999_999, "jpy"},
		"-KWD 99,999.999":            {-99_999_999, "kwd"},
		"-ISK 999,999":               {-99_999_900, "isk"},
	} {
		require.Equal(t, want, normal(m.Format("en-US")))
	}
}

// normal turns the no-break spaces of CLDR into plain ones.
func normal(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r == '\u00a0' || r == '\u202f' {
			out[i] = ' '
		}
	}
	return string(out)
}
