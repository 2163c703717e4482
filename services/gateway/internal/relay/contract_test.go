package relay_test

import (
	"strings"
	"testing"

	adminv1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/admin/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"github.com/cartwright-shop/cartwright/services/gateway/internal/relay"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// owners are the packages an admin method may be relayed to.
var owners = []protoreflect.FullName{"cartwright.product.v1", "cartwright.pricing.v1", "cartwright.inventory.v1", "cartwright.payment.v1", "cartwright.cart.v1"}

// Staff lose a setting in silence when a field of an admin request has no counterpart in the service it goes to.
func TestNoAdminRequestFieldIsLost(t *testing.T) {
	t.Parallel()
	mapper := relay.NewMapper()
	count := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("cartwright.admin.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				method := methods.Get(j)
				inner := ownerOf(t, file.Services().Get(i), method)
				require.Empty(t, mapper.Dropped(inner.Input(), method.Input()), method.FullName())
				count++
			}
		}
		return true
	})
	require.Greater(t, count, 60)
}

// ownerOf finds the internal method of the same name whose request has every field of the public one.
func ownerOf(t *testing.T, service protoreflect.ServiceDescriptor, public protoreflect.MethodDescriptor) protoreflect.MethodDescriptor {
	t.Helper()
	var found protoreflect.MethodDescriptor
	for _, pkg := range owners {
		protoregistry.GlobalFiles.RangeFilesByPackage(pkg, func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				method := file.Services().Get(i).Methods().ByName(public.Name())
				if method == nil {
					continue
				}
				// Two services have CreateShipment; orders are shipped through cart.
				if found == nil || strings.HasPrefix(string(method.FullName()), "cartwright.cart.") {
					found = method
				}
			}
			return true
		})
	}
	require.NotNil(t, found, "%s.%s", service.Name(), public.Name())
	return found
}

// When it fails, a client is not told which amount of its request is wrong.
func TestCopyNamesTheAmountThatIsWrong(t *testing.T) {
	t.Parallel()
	mapper := relay.NewMapper()
	request := &adminv1.IssueGiftCardRequest{Amount: &typev1.Amount{CurrencyCode: "JPY", Amount: "10.5"}}
	kind, err := protoregistry.GlobalTypes.FindMessageByName("cartwright.payment.v1.IssueGiftCardRequest")
	require.NoError(t, err)
	err = mapper.Copy(kind.New(), request.ProtoReflect())
	require.Equal(t, "AMOUNT_SCALE", errs.ReasonOf(err))
	require.Equal(t, "amount.amount", errs.FieldsOf(err)[0].Path)
}
