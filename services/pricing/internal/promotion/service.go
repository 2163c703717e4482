package promotion

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/id"
	"github.com/cartwright-shop/cartwright/services/platform/page"
	"github.com/cartwright-shop/cartwright/services/pricing/internal/pricelist"
)

// MaxAutomatic is how many live automatic promotions a shop can have: each quote looks at all of them.
const MaxAutomatic = 500

// Sizes of a page of a list.
const (
	defaultPage = 50
	maxPage     = 200
)

// Store keeps promotions and codes. Its methods join the transaction of the context.
type Store interface {
	// CreatePromotion fails with ErrExists when the key is taken.
	CreatePromotion(ctx context.Context, p Promotion) (Promotion, error)
	// Promotion fails with ErrNotFound.
	Promotion(ctx context.Context, key string) (Promotion, error)
	// LockPromotion reads a promotion and keeps every order from beginning or ending a use of it until the transaction ends.
	// It fails with ErrNotFound.
	LockPromotion(ctx context.Context, key string) (Promotion, error)
	// UpdatePromotion writes a locked promotion.
	UpdatePromotion(ctx context.Context, p Promotion) (Promotion, error)
	// ArchivePromotion ends a locked promotion.
	ArchivePromotion(ctx context.Context, key string) (Promotion, error)
	// Recount sets the counters of a locked promotion to the uses there are. It fails with ErrLimitBelowUse.
	Recount(ctx context.Context, p Promotion) error
	// Promotions reads promotions after a key, at most limit.
	Promotions(ctx context.Context, filter Filter, after string, limit int) ([]Promotion, error)
	// CountAutomatic counts the automatic promotions that are not archived.
	CountAutomatic(ctx context.Context) (int, error)
	// CreateCoupons inserts codes of one promotion on the same terms. When some were taken it names them, and the transaction
	// must roll back.
	CreateCoupons(ctx context.Context, coupons []Coupon) (created []Coupon, taken []string, err error)
	// Coupons reads the codes of a promotion after a code, at most limit.
	Coupons(ctx context.Context, p Promotion, after string, limit int) ([]Coupon, error)
	// DisableCoupon stops a code, once. It fails with ErrCodeNotFound.
	DisableCoupon(ctx context.Context, code string) (Coupon, error)
}

// Filter picks promotions.
type Filter string

// The filters.
const (
	// All picks every promotion.
	All Filter = "all"
	// Live picks those that are not archived.
	Live Filter = "live"
	// Archived picks those that are.
	Archived Filter = "archived"
)

// Service manages promotions and codes.
type Service struct{ store Store }

// New returns the service on a store.
func New(store Store) *Service { return &Service{store: store} }

// CreatePromotion makes a promotion.
func (s *Service) CreatePromotion(ctx context.Context, p Promotion) (Promotion, error) {
	if err := p.Validate(); err != nil {
		return Promotion{}, err
	}
	if p.Trigger == Automatic {
		count, err := s.store.CountAutomatic(ctx)
		if err != nil {
			return Promotion{}, err
		}
		if count >= MaxAutomatic {
			return Promotion{}, ErrTooMany.New("There are %d live automatic promotions.", count)
		}
	}
	p.ID = id.New()
	return s.store.CreatePromotion(ctx, p)
}

// UpdatePromotion replaces a promotion but for its key and trigger. It runs in a transaction of the caller, so that no order
// takes a use while limits change.
func (s *Service) UpdatePromotion(ctx context.Context, p Promotion) (Promotion, error) {
	if err := p.Validate(); err != nil {
		return Promotion{}, err
	}
	before, err := s.locked(ctx, p.Key, "promotion.version", p.Version)
	if err != nil {
		return Promotion{}, err
	}
	if before.Trigger != p.Trigger {
		return Promotion{}, ErrTriggerFixed.At("promotion.trigger", "It is %s and stays so.", before.Trigger)
	}
	p.ID = before.ID
	if before.LimitTotal != p.LimitTotal || before.LimitPerCustomer != p.LimitPerCustomer {
		if err := s.store.Recount(ctx, p); err != nil {
			return Promotion{}, err
		}
	}
	return s.store.UpdatePromotion(ctx, p)
}

// ArchivePromotion ends a promotion for good. It runs in a transaction of the caller.
func (s *Service) ArchivePromotion(ctx context.Context, key string, version int64) (Promotion, error) {
	if _, err := s.locked(ctx, key, "version", version); err != nil {
		return Promotion{}, err
	}
	return s.store.ArchivePromotion(ctx, key)
}

// locked reads a promotion to change it.
func (s *Service) locked(ctx context.Context, key, versionPath string, version int64) (Promotion, error) {
	p, err := s.store.LockPromotion(ctx, key)
	if err != nil {
		return Promotion{}, err
	}
	if p.Version != version {
		return Promotion{}, pricelist.VersionConflict(versionPath)
	}
	if p.ArchivedAt != nil {
		return Promotion{}, ErrArchived.New("The promotion %s is archived.", key)
	}
	return p, nil
}

// GetPromotion reads a promotion.
func (s *Service) GetPromotion(ctx context.Context, key string) (Promotion, error) {
	return s.store.Promotion(ctx, key)
}

// ListPromotions reads a page of promotions by key, and the token of the next one.
func (s *Service) ListPromotions(ctx context.Context, filter Filter, pageSize int32, pageToken string) ([]Promotion, string, error) {
	size, err := page.Size(pageSize, defaultPage, maxPage)
	if err != nil {
		return nil, "", err
	}
	scope := "promotions state=" + string(filter)
	var after string
	if err := page.Decode(scope, pageToken, &after); err != nil {
		return nil, "", err
	}
	promotions, err := s.store.Promotions(ctx, filter, after, size+1)
	if err != nil || len(promotions) <= size {
		return promotions, "", err
	}
	next, err := page.Encode(scope, promotions[size-1].Key)
	return promotions[:size], next, err
}

// CodeOrder asks for codes: either Codes, or Generate new ones that begin with Prefix.
type CodeOrder struct {
	// PromotionKey names the promotion they give.
	PromotionKey string
	// Codes are chosen by staff.
	Codes []string
	// Generate is how many to make.
	Generate int
	// Prefix is what those begin with.
	Prefix string
	// MaxUses is how many orders may use each; 0: the promotion's limit per code.
	MaxUses int32
	// CustomerKey is who alone may use them; empty: anyone.
	CustomerKey string
	// ValidUntil is the first instant at which they are no longer accepted; nil: none of their own.
	ValidUntil *time.Time
}

// CreateCouponCodes makes codes of a promotion, all or none, in the order given. It runs in a transaction of the caller.
func (s *Service) CreateCouponCodes(ctx context.Context, o CodeOrder) ([]Coupon, error) {
	if (len(o.Codes) == 0) == (o.Generate == 0) {
		return nil, ErrCodeChoice.New("Give either codes or the number of codes to generate.")
	}
	p, err := s.store.Promotion(ctx, o.PromotionKey)
	if err != nil {
		return nil, err
	}
	if p.ArchivedAt != nil {
		return nil, ErrArchived.New("The promotion %s is archived.", p.Key)
	}
	if p.Trigger != Code {
		return nil, ErrAutomatic.New("The promotion %s is automatic.", p.Key)
	}
	coupons, err := o.coupons(p)
	if err != nil {
		return nil, err
	}
	created, taken, err := s.store.CreateCoupons(ctx, coupons)
	if err != nil {
		return nil, err
	}
	if len(taken) > 0 {
		i := slices.IndexFunc(coupons, func(c Coupon) bool { return c.Code == taken[0] })
		return nil, ErrCodeExists.At(fmt.Sprintf("codes[%d]", i), "The code %s exists already.", taken[0])
	}
	place := make(map[string]int, len(coupons))
	for i, coupon := range coupons {
		place[coupon.Code] = i
	}
	slices.SortFunc(created, func(a, b Coupon) int { return place[a.Code] - place[b.Code] })
	return created, nil
}

// coupons are the codes to make.
func (o CodeOrder) coupons(p Promotion) ([]Coupon, error) {
	codes := slices.Clone(o.Codes)
	for range o.Generate {
		codes = append(codes, generate(o.Prefix))
	}
	maxUses := o.MaxUses
	if maxUses == 0 {
		maxUses = p.LimitPerCode
	}
	seen := make(map[string]bool, len(codes))
	coupons := make([]Coupon, len(codes))
	for i, code := range codes {
		code = Fold(code)
		if seen[code] {
			return nil, ErrCodeExists.At(fmt.Sprintf("codes[%d]", i), "The code %s is in the request twice.", code)
		}
		seen[code] = true
		coupons[i] = Coupon{
			Code: code, PromotionID: p.ID, PromotionKey: p.Key, MaxUses: maxUses,
			CustomerKey: o.CustomerKey, ValidUntil: o.ValidUntil,
		}
	}
	return coupons, nil
}

// ListCouponCodes reads a page of a promotion's codes, and the token of the next one.
func (s *Service) ListCouponCodes(ctx context.Context, key string, pageSize int32, pageToken string) ([]Coupon, string, error) {
	size, err := page.Size(pageSize, defaultPage, maxPage)
	if err != nil {
		return nil, "", err
	}
	scope := "coupon_codes promotion=" + key
	var after string
	if err := page.Decode(scope, pageToken, &after); err != nil {
		return nil, "", err
	}
	p, err := s.store.Promotion(ctx, key)
	if err != nil {
		return nil, "", err
	}
	coupons, err := s.store.Coupons(ctx, p, after, size+1)
	if err != nil || len(coupons) <= size {
		return coupons, "", err
	}
	next, err := page.Encode(scope, coupons[size-1].Code)
	return coupons[:size], next, err
}

// DisableCouponCode makes a code unusable. Disabling it again changes nothing.
func (s *Service) DisableCouponCode(ctx context.Context, code string) (Coupon, error) {
	return s.store.DisableCoupon(ctx, Fold(code))
}
