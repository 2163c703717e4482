// Package transfer moves catalogue files between clients and product without holding them: each piece goes on before the
// next one is read.
package transfer

import (
	"errors"
	"fmt"
	"io"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Service serves TransferAdminService.
type Service struct {
	adminv1.UnimplementedTransferAdminServiceServer
	products productv1.ProductServiceClient
	mapper   *relay.Mapper
}

// New returns a service that hands files to and from products.
func New(products productv1.ProductServiceClient, mapper *relay.Mapper) *Service {
	return &Service{products: products, mapper: mapper}
}

// ImportProducts implements TransferAdminService. When product refuses in the middle of the file, the rest is not read.
func (s *Service) ImportProducts(stream grpc.ClientStreamingServer[adminv1.ImportProductsRequest, adminv1.ImportProductsResponse]) error {
	upstream, err := s.products.ImportProducts(stream.Context())
	if err != nil {
		return err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if refused, err := s.forward(stream, upstream, part); err != nil {
			return err
		} else if refused {
			break
		}
	}
	answer, err := upstream.CloseAndRecv()
	if err != nil {
		return err
	}
	if md, err := upstream.Header(); err == nil && len(md.Get(relay.ReplayedHeader)) > 0 {
		if err := stream.SetHeader(metadata.Pairs(relay.ReplayedHeader, "true")); err != nil {
			return fmt.Errorf("tell that the answer is a stored one: %w", err)
		}
	}
	out := &adminv1.ImportProductsResponse{}
	if err := s.mapper.Copy(out.ProtoReflect(), answer.ProtoReflect()); err != nil {
		return err
	}
	return stream.SendAndClose(out)
}

type importStream = grpc.ClientStreamingClient[productv1.ImportProductsRequest, productv1.ImportProductsResponse]

// forward hands a piece on. It tells whether product has ended the call already: CloseAndRecv then says why.
func (s *Service) forward(stream grpc.ServerStream, upstream importStream, part *adminv1.ImportProductsRequest) (refused bool, err error) {
	inner := &productv1.ImportProductsRequest{}
	if err := s.mapper.Copy(inner.ProtoReflect(), part.ProtoReflect()); err != nil {
		return false, err
	}
	if header := inner.GetHeader(); header != nil {
		header.RequestId = callkey.Of(stream.Context())
	}
	err = upstream.Send(inner)
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}

// ExportProducts implements TransferAdminService.
func (s *Service) ExportProducts(req *adminv1.ExportProductsRequest, stream grpc.ServerStreamingServer[adminv1.ExportProductsResponse]) error {
	inner := &productv1.ExportProductsRequest{}
	if err := s.mapper.Copy(inner.ProtoReflect(), req.ProtoReflect()); err != nil {
		return err
	}
	upstream, err := s.products.ExportProducts(stream.Context(), inner)
	if err != nil {
		return err
	}
	for {
		part, err := upstream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&adminv1.ExportProductsResponse{Chunk: part.GetChunk()}); err != nil {
			return fmt.Errorf("write the file: %w", err)
		}
	}
}
