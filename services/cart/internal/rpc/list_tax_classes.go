package rpc

import (
	"context"

	cartv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
)

// ListTaxClasses answers the classes goods can have.
func (s *TaxServer) ListTaxClasses(ctx context.Context, _ *cartv1.ListTaxClassesRequest) (*cartv1.ListTaxClassesResponse, error) {
	classes, err := s.taxes.Classes(ctx)
	if err != nil {
		return nil, err
	}
	resp := &cartv1.ListTaxClassesResponse{}
	for _, class := range classes {
		resp.Classes = append(resp.Classes, &cartv1.TaxClass{Key: class.Key, Description: class.Description, BuiltIn: class.BuiltIn})
	}
	return resp, nil
}
