package stock

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// The ways in which inventory refuses. Reasons are public API.
var (
	// ErrLocationNotFound is a location key nobody created.
	ErrLocationNotFound = errs.Define(errs.NotFound, "LOCATION_NOT_FOUND", "There is no stock location with this key.")
	// ErrLocationExists is a location key that is taken.
	ErrLocationExists = errs.Define(errs.AlreadyExists, "LOCATION_EXISTS", "A stock location with this key exists already.")
	// ErrCountryInvalid is a country code that ISO 3166-1 does not have.
	ErrCountryInvalid = errs.Define(errs.Invalid, "COUNTRY_INVALID", "The country code is not one of ISO 3166-1 alpha-2.")
	// ErrEntryDuplicate is a SKU and location named twice in one change of stock.
	ErrEntryDuplicate = errs.Define(errs.Invalid, "ENTRY_DUPLICATE", "The same SKU and location stands twice in the request.")
	// ErrQtyRange is a number of units out of range.
	ErrQtyRange = errs.Define(errs.Invalid, "QTY_RANGE", "A number of units is out of range.")
	// ErrTTLRange is a hold that is too short or too long.
	ErrTTLRange = errs.Define(errs.Invalid, "TTL_RANGE", "Stock can be held for 60 seconds to 7 days.")
	// ErrLimitRange is a backorder limit that does not fit the mode.
	ErrLimitRange = errs.Define(errs.Invalid, "LIMIT_RANGE", "A backorder limit is 1 to 1,000,000 where backorders are allowed and 0 where they are not.")
	// ErrBelowReserved is a change of stock that would leave less than what is promised.
	ErrBelowReserved = errs.Define(errs.FailedPrecondition, "STOCK_BELOW_RESERVED", "Stock cannot go below the units that are reserved.")
	// ErrSoldOut is a cart that does not fit the stock; nothing of it was reserved.
	ErrSoldOut = errs.Define(errs.FailedPrecondition, "SOLD_OUT", "There is not enough stock for a line; the answer says how much there is.")
	// ErrPurchaseLimit is a cart with more of a SKU than its customer may have; nothing of it was reserved.
	ErrPurchaseLimit = errs.Define(errs.FailedPrecondition, "PURCHASE_LIMIT", "A customer may have only so many units of a line's item; the answer says how many, and how many there are already.")
	// ErrPurchaseLimitRange is a purchase limit out of range.
	ErrPurchaseLimitRange = errs.Define(errs.Invalid, "PURCHASE_LIMIT_RANGE", "A purchase limit is 0 to 1,000,000 units in 0 to 3,650 days; without a limit both are 0.")
	// ErrQueueFull is a caller whose turn would not come in time; nothing was decided, and the same id may be sent again.
	ErrQueueFull = errs.Define(errs.ResourceExhausted, "STOCK_QUEUE_FULL", "More callers wait for stock than can be served in their time; try again.")
	// ErrReservationNotFound is a reservation id nobody used.
	ErrReservationNotFound = errs.Define(errs.NotFound, "RESERVATION_NOT_FOUND", "There is no reservation with this id.")
	// ErrReservationExpired is a hold whose time ran out.
	ErrReservationExpired = errs.Define(errs.FailedPrecondition, "RESERVATION_EXPIRED", "The reservation has expired and its stock is on sale again.")
	// ErrReservationReleased is a reservation that was given back, or refused in advance.
	ErrReservationReleased = errs.Define(errs.FailedPrecondition, "RESERVATION_RELEASED", "The reservation was released.")
	// ErrReservationRefused is a reservation that never got its stock.
	ErrReservationRefused = errs.Define(errs.FailedPrecondition, "RESERVATION_REFUSED", "The reservation was refused when it was asked for.")
	// ErrReservationCommitted is a release of a reservation that belongs to a placed order.
	ErrReservationCommitted = errs.Define(errs.FailedPrecondition, "RESERVATION_COMMITTED", "The reservation is committed; give back its units line by line.")
	// ErrReservationNotCommitted is goods asked from a reservation that is only held.
	ErrReservationNotCommitted = errs.Define(errs.FailedPrecondition, "RESERVATION_NOT_COMMITTED", "The reservation is held but not committed yet.")
	// ErrQtyExceeds is more units than there are left to ship, release or take back.
	ErrQtyExceeds = errs.Define(errs.FailedPrecondition, "QTY_EXCEEDS", "More units than there are left to ship, to give back or to return.")
	// ErrShipmentNotFound is a shipment id nobody used.
	ErrShipmentNotFound = errs.Define(errs.NotFound, "SHIPMENT_NOT_FOUND", "There is no shipment with this id.")
)
