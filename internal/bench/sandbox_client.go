package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/tollgate/billing/sandbox"
)

// stripeClient is a sandbox in memory, and a client of it.
type stripeClient struct {
	*sandbox.Sandbox
	client *http.Client
}

func newStripe(ctx context.Context, o sandbox.Options) (*stripeClient, error) {
	o.Addr, o.Now = "127.0.0.1:0", time.Now
	s, err := sandbox.New(o)
	if err != nil {
		return nil, err
	}
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &stripeClient{Sandbox: s, client: &http.Client{Timeout: startTimeout}}, nil
}

// checkout is a new customer who opens a checkout page and pays on it.
func (s *stripeClient) checkout(ctx context.Context, price string) error {
	session, err := s.post(ctx, "/v1/checkout/sessions", url.Values{
		"mode": {"subscription"}, "customer_email": {"ada@example.com"}, "success_url": {s.URL() + "/done"},
		"line_items[0][price]": {price}, "line_items[0][quantity]": {"1"},
	})
	if err != nil {
		return err
	}
	_, err = s.post(ctx, "/v1/payment_pages/"+session+"/confirm", url.Values{"payment_method": {"pm_card_visa"}})
	return err
}

func (s *stripeClient) price(ctx context.Context) (string, error) {
	return s.post(ctx, "/v1/prices", url.Values{
		"currency": {"usd"}, "unit_amount": {"2900"}, "recurring[interval]": {"month"}, "product_data[name]": {"Pro"},
	})
}

// events is how many there are so far, if they fit on one page.
func (s *stripeClient) events(ctx context.Context) (int, error) {
	body, err := s.get(ctx, "/v1/events?limit=100")
	if err != nil {
		return 0, err
	}
	var page struct {
		Data    []struct{} `json:"data"`
		HasMore bool       `json:"has_more"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return 0, fmt.Errorf("read the events: %w", err)
	}
	if page.HasMore {
		return 0, errors.New("there are more events than one page shows")
	}
	return len(page.Data), nil
}

// post returns the id of what was made or changed.
func (s *stripeClient) post(ctx context.Context, path string, form url.Values) (string, error) {
	body, err := s.call(ctx, http.MethodPost, path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	var made struct {
		ID string `json:"id"`
	}
	err = json.Unmarshal(body, &made)
	return made.ID, err
}

func (s *stripeClient) get(ctx context.Context, path string) ([]byte, error) {
	return s.call(ctx, http.MethodGet, path, http.NoBody)
}

func (s *stripeClient) call(ctx context.Context, method, path string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.URL()+path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Authorization", "Bearer "+s.SecretKey())
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: status %d: %.300s", method, path, answer.StatusCode, text)
	}
	return text, err
}
