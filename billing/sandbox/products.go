package sandbox

import (
	"encoding/json"
	"math/big"
	"strings"
)

func createProduct(r *apiRequest) (Object, error) {
	if err := r.Params.Require("name"); err != nil {
		return nil, err
	}
	product, err := insertProduct(r.Tx, r.Params)
	if err != nil || r.Params.Sub("default_price_data") == nil {
		return product, err
	}
	data := r.Params.Sub("default_price_data")
	price, err := insertPrice(r.Tx, data, product.ID(), true)
	if err != nil {
		return nil, err
	}
	return r.Tx.Update("product", product.ID(), func(p Object) error {
		p["default_price"] = price.ID()
		return nil
	}, "product.updated")
}

// insertProduct creates a product from a request's parameters, or from the product_data of a price.
func insertProduct(tx *Tx, p Params) (Object, error) {
	product := tx.Skeleton("product")
	product["active"] = true
	product["type"] = "service"
	product["updated"] = tx.now
	if id := p.Str("id"); id != "" {
		existing, err := tx.load(id)
		if err != nil {
			return nil, err
		}
		if existing != nil {
			return nil, invalidf("id", "Product already exists.").withCode("resource_already_exists")
		}
		product["id"] = id
	}
	if err := applyProduct(p, product); err != nil {
		return nil, err
	}
	return product, tx.Insert(product, "product.created")
}

func applyProduct(p Params, product Object) error {
	p.Copy(product, "name", "active", "description", "images", "marketing_features", "package_dimensions", "shippable",
		"statement_descriptor", "tax_code", "unit_label", "url")
	if sent := p.Sub("package_dimensions"); sent != nil {
		size := Object{}
		for _, key := range []string{"height", "length", "weight", "width"} {
			number, ok := new(big.Rat).SetString(sent.Str(key))
			if !ok {
				return invalidf(sent.Path(key), "Missing required param: %s.", sent.Path(key)).withCode("parameter_missing")
			}
			size[key] = wholeOr(json.Number(strings.TrimRight(strings.TrimRight(number.FloatString(2), "0"), ".")))
		}
		product["package_dimensions"] = size
	}
	for _, key := range []string{"images", "marketing_features"} {
		if p.Unset(key) {
			product[key] = []any{}
		}
	}
	metadata, err := p.Metadata(product.Obj("metadata"))
	product["metadata"] = metadata
	return err
}

func updateProduct(r *apiRequest) (Object, error) {
	if id := r.Params.Str("default_price"); id != "" {
		price, err := r.Tx.Ref("price", id, "default_price")
		if err != nil {
			return nil, err
		}
		if price.Str("product") != r.ID {
			return nil, invalidf("default_price", "The price specified (%s) is not associated with the product "+
				"(%s) you are updating.", id, r.ID)
		}
	}
	return r.Tx.Update("product", r.ID, func(product Object) error {
		before := r.Tx.Public(product)
		r.Params.Copy(product, "default_price")
		if err := applyProduct(r.Params, product); err != nil {
			return err
		}
		if len(previousAttributes(before, r.Tx.Public(product))) > 0 {
			product["updated"] = r.Tx.now
		}
		return nil
	}, "product.updated")
}

func getProduct(r *apiRequest) (Object, error) { return r.Tx.Get("product", r.ID) }

func deleteProduct(r *apiRequest) (Object, error) {
	prices, err := r.Tx.Find("price", Query{Where: map[string]string{"product": r.ID}, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(prices) > 0 {
		return nil, invalidf("id", "This product cannot be deleted because it has one or more user-created prices.")
	}
	if err := r.Tx.Delete("product", r.ID, "product.deleted"); err != nil {
		return nil, err
	}
	return r.Tx.load(r.ID)
}

func listProducts(r *apiRequest) (Object, error) {
	var q Query
	r.filters(&q, "active", "shippable", "url")
	q.In = map[string][]string{"id": r.Params.Strs("ids")}
	return r.list("product", q)
}

func searchProducts(r *apiRequest) (Object, error) {
	return r.search("product", "active", "description", "name", "shippable", "url")
}
