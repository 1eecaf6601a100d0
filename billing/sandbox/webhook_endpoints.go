package sandbox

import (
	"time"

	"github.com/stripe/stripe-go/v81"
)

func createWebhookEndpoint(r *apiRequest) (Object, error) {
	p := r.Params
	if err := r.Tx.s.checkWebhookURL(p.Str("url")); err != nil {
		return nil, err
	}
	if version := p.Str("api_version"); version != "" && version != stripe.APIVersion {
		return nil, invalidf("api_version", "The sandbox sends events of the API version %s only, not %s.",
			stripe.APIVersion, version)
	}
	connect, _, err := p.Bool("connect")
	if err != nil {
		return nil, err
	}
	endpoint := r.Tx.Skeleton("webhook_endpoint")
	endpoint["status"] = "enabled"
	endpoint["_connect"] = connect
	endpoint["_secret"] = "whsec_" + r.Tx.random(32)
	p.Copy(endpoint, "url", "enabled_events", "description", "api_version")
	if endpoint["metadata"], err = p.Metadata(nil); err != nil {
		return nil, err
	}
	if err := r.Tx.Insert(endpoint); err != nil {
		return nil, err
	}
	endpoint["secret"] = endpoint["_secret"] // Shown this once, and never again.
	return endpoint, nil
}

func updateWebhookEndpoint(r *apiRequest) (Object, error) {
	p := r.Params
	if p.Given("url") {
		if err := r.Tx.s.checkWebhookURL(p.Str("url")); err != nil {
			return nil, err
		}
	}
	return r.Tx.Update("webhook_endpoint", r.ID, func(endpoint Object) error {
		p.Copy(endpoint, "url", "enabled_events", "description")
		if off, given, err := p.Bool("disabled"); err != nil {
			return err
		} else if given {
			endpoint["status"] = map[bool]string{true: "disabled", false: "enabled"}[off]
		}
		metadata, err := p.Metadata(endpoint.Obj("metadata"))
		endpoint["metadata"] = metadata
		return err
	})
}

func getWebhookEndpoint(r *apiRequest) (Object, error) { return r.Tx.Get("webhook_endpoint", r.ID) }

func listWebhookEndpoints(r *apiRequest) (Object, error) { return r.list("webhook_endpoint", Query{}) }

func deleteWebhookEndpoint(r *apiRequest) (Object, error) {
	if err := r.Tx.Delete("webhook_endpoint", r.ID); err != nil {
		return nil, err
	}
	return r.Tx.load(r.ID)
}

// forwardTo keeps one endpoint that sends events to a URL under the sandbox's own webhook secret, as
// `stripe listen --forward-to` would: everything, or the types of Options.WebhookEvents. Without a URL an endpoint of an earlier run is taken away.
func (tx *Tx) forwardTo(url string) error {
	old, err := tx.Find("webhook_endpoint", Query{Where: map[string]string{"_forward": "true"}})
	if err != nil {
		return err
	}
	if url == "" {
		for _, endpoint := range old {
			if err := tx.Delete("webhook_endpoint", endpoint.ID()); err != nil {
				return err
			}
		}
		return nil
	}
	if err := tx.s.checkWebhookURL(url); err != nil {
		return err
	}
	types := []any{"*"}
	if wanted := tx.s.opts.WebhookEvents; len(wanted) > 0 {
		types = types[:0]
		for _, name := range wanted {
			types = append(types, name)
		}
	}
	if len(old) > 0 {
		_, err := tx.Update("webhook_endpoint", old[0].ID(), func(endpoint Object) error {
			endpoint["url"], endpoint["_secret"], endpoint["enabled_events"] = url, tx.s.keys.webhook, types
			return nil
		})
		return err
	}
	endpoint := tx.Skeleton("webhook_endpoint")
	endpoint["status"], endpoint["url"], endpoint["enabled_events"] = "enabled", url, types
	endpoint["description"] = "The application that this sandbox belongs to"
	endpoint["_forward"], endpoint["_secret"], endpoint["_connect"] = true, tx.s.keys.webhook, false
	return tx.Insert(endpoint)
}

// rollSecret gives an endpoint a new secret. For the grace period deliveries are signed with both.
func (tx *Tx) rollSecret(id string, grace time.Duration) (string, error) {
	fresh := "whsec_" + tx.random(32)
	_, err := tx.Update("webhook_endpoint", id, func(endpoint Object) error {
		endpoint["_old_secret"] = endpoint["_secret"]
		endpoint["_old_secret_until"] = tx.s.opts.Now().Add(grace).Unix()
		endpoint["_secret"] = fresh
		return nil
	})
	return fresh, err
}
