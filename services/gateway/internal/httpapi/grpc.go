package httpapi

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// writeGRPC answers a gRPC call that never reaches the gRPC server, in the form of an answer that is only trailers.
func writeGRPC(w http.ResponseWriter, err error) {
	st := status.Convert(errs.ToGRPC(err))
	header := w.Header()
	header.Set("Content-Type", "application/grpc")
	header.Set("Grpc-Status", strconv.Itoa(int(st.Code())))
	header.Set("Grpc-Message", url.PathEscape(st.Message()))
	if details, err := proto.Marshal(st.Proto()); err == nil {
		header.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(details))
	}
	w.WriteHeader(http.StatusOK)
}
