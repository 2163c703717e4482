package catalog

import "github.com/cartwright-shop/cartwright/services/platform/errs"

// Errors of the catalogue. The reasons are public API.
var (
	ErrChannelUnknown     = errs.Define(errs.NotFound, "CHANNEL_UNKNOWN", "There is no such channel, or the shop has no channel yet.")
	ErrChannelExists      = errs.Define(errs.AlreadyExists, "CHANNEL_EXISTS", "A channel with this key exists already.")
	ErrChannelInvalid     = errs.Define(errs.Invalid, "CHANNEL_INVALID", "A channel's default currency, country or locale is not one of its own, or a code does not exist.")
	ErrProductNotFound    = errs.Define(errs.NotFound, "PRODUCT_NOT_FOUND", "There is no such product, or it is not published in the channel.")
	ErrHandleTaken        = errs.Define(errs.AlreadyExists, "HANDLE_TAKEN", "Another product, category or collection has this handle.")
	ErrHandleInvalid      = errs.Define(errs.Invalid, "HANDLE_INVALID", "A handle has 1 to 200 lower-case letters, digits, hyphens and underscores, and starts and ends with a letter or digit.")
	ErrSKUTaken           = errs.Define(errs.AlreadyExists, "SKU_TAKEN", "Another product has a variant with this SKU.")
	ErrSKUInvalid         = errs.Define(errs.Invalid, "SKU_INVALID", "A SKU has 1 to 64 printable ASCII characters and no space at either end.")
	ErrVariantsInvalid    = errs.Define(errs.Invalid, "VARIANTS_INVALID", "The variants do not fit the options, or two variants are the same.")
	ErrAttributeInvalid   = errs.Define(errs.Invalid, "ATTRIBUTE_INVALID", "An attribute or one of its values is not well formed or comes twice.")
	ErrTranslationInvalid = errs.Define(errs.Invalid, "TRANSLATION_INVALID", "A translation names a locale twice or an option the product does not have.")
	ErrURLNotAllowed      = errs.Define(errs.Invalid, "URL_NOT_ALLOWED", "A URL must be absolute http or https on a public host, without user, password or unusual port.")
	ErrMediaInvalid       = errs.Define(errs.Invalid, "MEDIA_INVALID", "A picture comes twice or names a variant the product does not have.")
	ErrTextInvalid        = errs.Define(errs.Invalid, "TEXT_INVALID", "A text is empty, too long, or has control characters.")
	ErrLocaleInvalid      = errs.Define(errs.Invalid, "LOCALE_INVALID", "A locale is a BCP 47 language tag of at most 35 characters.")
	ErrCategoryNotFound   = errs.Define(errs.NotFound, "CATEGORY_NOT_FOUND", "There is no such category.")
	ErrCategoryNotEmpty   = errs.Define(errs.FailedPrecondition, "CATEGORY_NOT_EMPTY", "The category has children; move or delete them first.")
	ErrCategoryTree       = errs.Define(errs.FailedPrecondition, "CATEGORY_TREE", "A category cannot move below itself, and the tree is at most 8 deep.")
	ErrCollectionNotFound = errs.Define(errs.NotFound, "COLLECTION_NOT_FOUND", "There is no such collection.")
	ErrStaffOnly          = errs.Define(errs.PermissionDenied, "STAFF_ONLY", "Only staff and services may see what is not published.")
	ErrFilterInvalid      = errs.Define(errs.Invalid, "FILTER_INVALID", "A filter or sort order is not possible as given.")
	ErrQueryTooLong       = errs.Define(errs.Invalid, "QUERY_TOO_LONG", "A search text has at most 256 characters.")
)
