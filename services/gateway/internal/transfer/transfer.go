// Package transfer moves catalogue files between clients and product without holding them: over gRPC as streams, over
// HTTP as the file itself.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	productv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/callkey"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"google.golang.org/grpc"
)

// chunkSize is how much of a file goes into one message.
const chunkSize = 64 << 10

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

// ImportProducts implements TransferAdminService.
func (s *Service) ImportProducts(stream grpc.ClientStreamingServer[adminv1.ImportProductsRequest, adminv1.ImportProductsResponse]) error {
	ctx := stream.Context()
	upstream, err := s.products.ImportProducts(ctx)
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
		if err := s.forward(ctx, upstream, part); err != nil {
			return err
		}
	}
	report, err := s.report(upstream)
	if err != nil {
		return err
	}
	return stream.SendAndClose(report)
}

type importStream = grpc.ClientStreamingClient[productv1.ImportProductsRequest, productv1.ImportProductsResponse]

func (s *Service) forward(ctx context.Context, upstream importStream, part *adminv1.ImportProductsRequest) error {
	inner := &productv1.ImportProductsRequest{}
	if err := s.mapper.Copy(inner.ProtoReflect(), part.ProtoReflect()); err != nil {
		return err
	}
	if header := inner.GetHeader(); header != nil {
		header.RequestId = callkey.RequestID(ctx)
	}
	return ended(upstream.Send(inner))
}

// ended hides the end of the stream that Send sees when product has refused the file: CloseAndRecv tells why.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (s *Service) report(upstream importStream) (*adminv1.ImportProductsResponse, error) {
	answer, err := upstream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	out := &adminv1.ImportProductsResponse{}
	if err := s.mapper.Copy(out.ProtoReflect(), answer.ProtoReflect()); err != nil {
		return nil, err
	}
	return out, nil
}

// Import hands a file over as it is read.
func (s *Service) Import(ctx context.Context, header *adminv1.ImportHeader, file io.Reader) (*adminv1.ImportProductsResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	upstream, err := s.products.ImportProducts(ctx)
	if err != nil {
		return nil, err
	}
	first := &adminv1.ImportProductsRequest{Part: &adminv1.ImportProductsRequest_Header{Header: header}}
	if err := s.forward(ctx, upstream, first); err != nil {
		return nil, err
	}
	buffer := make([]byte, chunkSize)
	for {
		n, readErr := file.Read(buffer)
		if n > 0 {
			part := &productv1.ImportProductsRequest{Part: &productv1.ImportProductsRequest_Chunk{Chunk: buffer[:n:n]}}
			if err := upstream.Send(part); err != nil {
				break
			}
			buffer = make([]byte, chunkSize)
		}
		if errors.Is(readErr, io.EOF) {
			break
		}
		if readErr != nil {
			return nil, fmt.Errorf("read the file: %w", readErr)
		}
	}
	return s.report(upstream)
}

// ExportProducts implements TransferAdminService.
func (s *Service) ExportProducts(req *adminv1.ExportProductsRequest, stream grpc.ServerStreamingServer[adminv1.ExportProductsResponse]) error {
	return s.Export(stream.Context(), req, func(chunk []byte) error {
		return stream.Send(&adminv1.ExportProductsResponse{Chunk: chunk})
	})
}

// Export gives each piece of the file to write.
func (s *Service) Export(ctx context.Context, req *adminv1.ExportProductsRequest, write func([]byte) error) error {
	inner := &productv1.ExportProductsRequest{}
	if err := s.mapper.Copy(inner.ProtoReflect(), req.ProtoReflect()); err != nil {
		return err
	}
	upstream, err := s.products.ExportProducts(ctx, inner)
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
		if err := write(part.GetChunk()); err != nil {
			return fmt.Errorf("write the file: %w", err)
		}
	}
}
