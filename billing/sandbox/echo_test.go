package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"example.com/tollgate/billing/sandbox/sandboxtest"
)

// echo is a resource that is created twice with different values. A name in capitals stands for the id of what the row
// with that name made first.
type echo struct {
	name, path    string
	first, second string
	update        string // sent to what was made second
	elsewhere     string // parameters, as a pattern, that come back in another form
}

// echoes make one of each resource whose parameters are mostly kept as they are sent.
func echoes() []echo {
	return []echo{
		{
			name: "CUSTOMER", path: "/v1/customers",
			first: "name=Ann&email=ann@example.com&phone=%2B3725551&description=First&balance=-500&tax_exempt=exempt" +
				"&address[line1]=1 Long St&address[line2]=Flat 2&address[city]=Tallinn&address[state]=Harju" +
				"&address[postal_code]=10111&address[country]=EE&preferred_locales[0]=et&metadata[plan]=pro" +
				"&shipping[name]=Ann&shipping[phone]=123&shipping[address][line1]=2 Short St&shipping[address][country]=EE" +
				"&invoice_prefix=ANN0&next_invoice_sequence=7&invoice_settings[footer]=Thanks" +
				"&invoice_settings[custom_fields][0][name]=PO&invoice_settings[custom_fields][0][value]=42" +
				"&payment_method=pm_card_visa",
			second: "name=Bob&email=bob@example.com&phone=%2B491&description=Second&balance=250&tax_exempt=reverse" +
				"&address[line1]=9 Weg&address[line2]=Hof&address[city]=Bonn&address[state]=NRW&address[postal_code]=53111" +
				"&address[country]=DE&preferred_locales[0]=de&preferred_locales[1]=en&shipping[name]=Bob&shipping[phone]=9" +
				"&shipping[address][line1]=8 Weg&shipping[address][country]=DE&shipping[address][city]=Bonn",
			update: "description=Third&metadata[seats]=3&invoice_settings[footer]=Bye" +
				"&invoice_settings[rendering_options][amount_tax_display]=include_inclusive_tax",
			elsewhere: "payment_method",
		},
		{
			name: "PRODUCT", path: "/v1/products",
			first: "name=Pro&description=All of it&images[0]=https://example.com/a.png&marketing_features[0][name]=Fast" +
				"&metadata[k]=v&shippable=false&statement_descriptor=PRO PLAN&tax_code=txcd_10103001&unit_label=seat" +
				"&url=https://example.com/pro",
			second: "name=Mug&description=Coffee&images[0]=https://example.com/b.png&shippable=true&unit_label=mug" +
				"&package_dimensions[height]=10&package_dimensions[length]=20&package_dimensions[weight]=30" +
				"&package_dimensions[width]=40&tax_code=txcd_99999999&url=https://example.com/mug&statement_descriptor=MUGS",
			update: "active=false&name=Big mug&metadata[size]=L&marketing_features[0][name]=Large",
		},
		{
			name: "PRICE", path: "/v1/prices",
			first: "product=PRODUCT&currency=usd&unit_amount=1900&nickname=Monthly&lookup_key=echo_month&tax_behavior=exclusive" +
				"&recurring[interval]=month&recurring[interval_count]=3&metadata[k]=v",
			second: "product=PRODUCT&currency=eur&unit_amount_decimal=0.5&nickname=Parts&lookup_key=echo_part" +
				"&tax_behavior=inclusive&transform_quantity[divide_by]=10&transform_quantity[round]=up",
			update: "nickname=Pieces&metadata[k]=w&active=false",
		},
		{
			name: "TAX", path: "/v1/tax_rates",
			first: "display_name=VAT&percentage=20&inclusive=false&country=EE&description=Estonia&jurisdiction=EE&tax_type=vat" +
				"&metadata[k]=v",
			second: "display_name=Sales&percentage=8.25&inclusive=true&country=US&state=TX&description=Texas" +
				"&jurisdiction=US-TX&tax_type=sales_tax&active=true",
			update: "active=false&description=Once Texas&display_name=Sales tax",
		},
		{
			name: "COUPON", path: "/v1/coupons",
			first: "percent_off=25&duration=repeating&duration_in_months=3&name=Quarter&max_redemptions=5&metadata[k]=v" +
				"&redeem_by=2524608000",
			second: "amount_off=500&currency=usd&duration=once&name=Five&max_redemptions=9&redeem_by=2524694400",
			update: "name=Five off&metadata[k]=w",
		},
		{
			name: "CODE", path: "/v1/promotion_codes",
			first: "coupon=COUPON&code=ECHO1&max_redemptions=2&expires_at=2524600000&metadata[k]=v" +
				"&restrictions[first_time_transaction]=true&restrictions[minimum_amount]=1000" +
				"&restrictions[minimum_amount_currency]=usd",
			second: "coupon=COUPON&code=ECHO2&customer=CUSTOMER&max_redemptions=3&expires_at=2524500000" +
				"&restrictions[minimum_amount]=2000&restrictions[minimum_amount_currency]=eur",
			update: "active=false&metadata[k]=w", elsewhere: "coupon",
		},
		{
			name: "HOOK", path: "/v1/webhook_endpoints",
			first:  "url=http://127.0.0.1:1/a&enabled_events[0]=invoice.paid&description=One&metadata[k]=v",
			second: "url=http://127.0.0.1:1/b&enabled_events[0]=*&description=Two",
			update: "description=Three&metadata[k]=w&enabled_events[0]=charge.succeeded",
		},
		{
			name: "METER", path: "/v1/billing/meters",
			first: "display_name=Calls&event_name=echo_calls&default_aggregation[formula]=sum" +
				"&customer_mapping[type]=by_id&customer_mapping[event_payload_key]=who&value_settings[event_payload_key]=n",
			second: "display_name=Jobs&event_name=echo_jobs&default_aggregation[formula]=count&event_time_window=day" +
				"&customer_mapping[type]=by_id&customer_mapping[event_payload_key]=customer&value_settings[event_payload_key]=m",
			update: "display_name=Tasks",
		},
		{
			name: "INTENT", path: "/v1/payment_intents",
			first: "amount=2000&currency=usd&customer=CUSTOMER&description=One&metadata[k]=v&receipt_email=ann@example.com" +
				"&statement_descriptor_suffix=ONE&setup_future_usage=off_session&capture_method=manual" +
				"&shipping[name]=Ann&shipping[carrier]=DHL&shipping[tracking_number]=1&shipping[address][city]=Tallinn" +
				"&transfer_group=g1",
			second: "amount=3000&currency=eur&description=Two&receipt_email=bob@example.com&statement_descriptor_suffix=TWO" +
				"&setup_future_usage=on_session&shipping[name]=Bob&shipping[carrier]=UPS&shipping[address][city]=Bonn" +
				"&transfer_group=g2",
			update: "description=Three&metadata[k]=w&amount=3100",
		},
		{
			name: "SESSION", path: "/v1/checkout/sessions",
			first: "mode=subscription&customer=CUSTOMER&success_url=https://example.com/ok&cancel_url=https://example.com/no" +
				"&line_items[0][price]=PRICE&line_items[0][quantity]=2&client_reference_id=r1&allow_promotion_codes=true" +
				"&billing_address_collection=required&locale=de&metadata[k]=v&payment_method_collection=if_required" +
				"&phone_number_collection[enabled]=true&tax_id_collection[enabled]=true&customer_update[name]=auto" +
				"&custom_text[submit][message]=One&after_expiration[recovery][enabled]=true" +
				"&consent_collection[promotions]=auto&automatic_tax[enabled]=false&subscription_data[description]=d" +
				"&saved_payment_method_options[payment_method_save]=enabled",
			second: "mode=payment&customer_email=bob@example.com&success_url=https://example.com/yes" +
				"&cancel_url=https://example.com/back&line_items[0][price_data][currency]=eur" +
				"&line_items[0][price_data][unit_amount]=4000&line_items[0][price_data][product]=PRODUCT" +
				"&line_items[0][quantity]=1&client_reference_id=r2&allow_promotion_codes=false&locale=fr&submit_type=book" +
				"&billing_address_collection=auto&customer_creation=always&phone_number_collection[enabled]=false" +
				"&custom_text[submit][message]=Two&adaptive_pricing[enabled]=false" +
				"&shipping_address_collection[allowed_countries][0]=DE",
			update:    "metadata[k]=w",
			elsewhere: "line_items|customer_update|subscription_data|saved_payment_method_options",
		},
		{
			name: "PORTAL", path: "/v1/billing_portal/configurations",
			first: "business_profile[headline]=One&business_profile[privacy_policy_url]=https://example.com/p" +
				"&business_profile[terms_of_service_url]=https://example.com/t&default_return_url=https://example.com/r" +
				"&features[customer_update][enabled]=true&features[customer_update][allowed_updates][0]=email" +
				"&features[invoice_history][enabled]=true&features[payment_method_update][enabled]=true" +
				"&features[subscription_cancel][enabled]=true&features[subscription_cancel][mode]=immediately" +
				"&features[subscription_cancel][proration_behavior]=create_prorations&metadata[k]=v",
			second: "business_profile[headline]=Two&business_profile[privacy_policy_url]=https://example.com/q" +
				"&business_profile[terms_of_service_url]=https://example.com/u&default_return_url=https://example.com/s" +
				"&features[invoice_history][enabled]=false&features[subscription_cancel][enabled]=true" +
				"&features[subscription_cancel][mode]=at_period_end&login_page[enabled]=false",
			update: "active=false&metadata[k]=w&business_profile[headline]=Three",
		},
		{
			name: "SETUP", path: "/v1/setup_intents",
			first:  "customer=CUSTOMER&description=One&metadata[k]=v&usage=off_session&payment_method_types[0]=card",
			second: "description=Two&usage=on_session&payment_method_types[0]=card",
			update: "description=Three&metadata[k]=w",
		},
	}
}

// What a resource is made with, it answers with, and what is changed of it later as well: a skeleton of Stripe's shape
// would leave parameters out.
func TestWhatIsSentComesBack(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t)
	ids := map[string]string{}
	for _, e := range echoes() {
		first := e.send(t, s, e.path, e.first, ids)
		second := e.send(t, s, e.path, e.second, ids)
		ids[e.name], _ = first["id"].(string)
		id, _ := second["id"].(string)
		e.send(t, s, e.path+"/"+id, e.update, ids)
	}
}

var capitals = regexp.MustCompile(`=([A-Z]{3,})(&|$)`)

func (e echo) send(t *testing.T, s *sandboxtest.Sandbox, path, form string, ids map[string]string) map[string]any {
	t.Helper()
	form = capitals.ReplaceAllStringFunc(form, func(match string) string {
		name := strings.Trim(match, "=&")
		if id := ids[name]; id != "" {
			return strings.Replace(match, name, id, 1)
		}
		return match
	})
	sent, err := url.ParseQuery(form)
	if err != nil {
		t.Fatal(err)
	}
	got := send(t, s, http.MethodPost, path, sent.Encode())
	if got.status != http.StatusOK {
		t.Fatalf("POST %s: %v", path, got.body)
	}
	hidden := regexp.MustCompile("^(" + e.elsewhere + ")")
	for key := range sent {
		if e.elsewhere != "" && hidden.MatchString(key) {
			continue
		}
		if want, have := sent.Get(key), valueAt(got.body, key); want != have {
			t.Errorf("POST %s: %s was sent as %q and came back as %q", path, key, want, have)
		}
	}
	return got.body
}

// valueAt reads what a parameter such as a[b][0][c] became; an object that embeds another is taken for its id.
func valueAt(body map[string]any, key string) string {
	var at any = body
	for _, part := range strings.FieldsFunc(key, func(r rune) bool { return r == '[' || r == ']' || r == '.' }) {
		switch v := at.(type) {
		case map[string]any:
			at = v[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(v) {
				return "nothing"
			}
			at = v[i]
		}
	}
	switch v := at.(type) {
	case float64:
		return fmt.Sprintf("%.15g", v)
	case nil:
		return "null"
	}
	return fmt.Sprint(at)
}
