package catalog

import (
	"context"
	"time"
)

// Store keeps the catalogue. Its methods join the transaction of the context that Tx hands out.
type Store interface {
	// Tx runs fn in one transaction; it may run it again after a deadlock.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
	StructureStore
	ProductStore
	ListingStore
}

// StructureStore keeps what products hang on: channels, categories and collections.
type StructureStore interface {
	// LockStructure excludes all writers of products until the transaction ends. Whoever changes channels or categories takes
	// it first, so that no product is listed by a structure that is just changing.
	LockStructure(ctx context.Context) error
	// ShareStructure is what writers of products take first.
	ShareStructure(ctx context.Context) error
	// ReindexLater marks products whose listings must be made again after the commit.
	ReindexLater(ctx context.Context, what Reindex) error

	AllChannels(ctx context.Context) ([]Channel, error)
	ListChannels(ctx context.Context, after string, limit int) ([]Channel, error)
	InsertChannel(ctx context.Context, ch Channel) error
	UpdateChannel(ctx context.Context, ch Channel) error
	ClearDefaultChannel(ctx context.Context) error

	// Category and CategoryByHandle fail with ErrCategoryNotFound.
	Category(ctx context.Context, id string) (Category, error)
	CategoryByHandle(ctx context.Context, handle string) (Category, error)
	// CategoriesUp gives the categories and all their ancestors.
	CategoriesUp(ctx context.Context, ids []string) ([]Category, error)
	// CategoryChild finds a child by its name; an empty parent means the roots.
	CategoryChild(ctx context.Context, parentID, name string) (Category, bool, error)
	ListCategories(ctx context.Context, q CategoryQuery) ([]Category, error)
	// InsertCategory and UpdateCategory fail with ErrHandleTaken.
	InsertCategory(ctx context.Context, cat Category) error
	// UpdateCategory also rewrites the places of everything below it.
	UpdateCategory(ctx context.Context, cat, old Category) error
	// CategoryBelow gives the number of levels below a category.
	CategoryBelow(ctx context.Context, id string) (int, error)
	DeleteCategory(ctx context.Context, id string) error

	// Collection and CollectionByHandle fail with ErrCollectionNotFound.
	Collection(ctx context.Context, id string) (Collection, error)
	CollectionByHandle(ctx context.Context, handle string) (Collection, error)
	// LockCollection reads a collection and keeps others from changing it until the transaction ends.
	LockCollection(ctx context.Context, id string) (Collection, error)
	ListCollections(ctx context.Context, after string, limit int) ([]Collection, error)
	InsertCollection(ctx context.Context, col Collection) error
	UpdateCollection(ctx context.Context, col Collection) error
	DeleteCollection(ctx context.Context, id string) error
	// SetCollectionProducts fails with ErrProductNotFound when one does not exist.
	SetCollectionProducts(ctx context.Context, id string, productIDs []string) error
}

// ProductStore keeps products and their variants.
type ProductStore interface {
	// Product fails with ErrProductNotFound.
	Product(ctx context.Context, key Key) (Product, error)
	// Products gives those that exist, in no order.
	Products(ctx context.Context, ids []string) ([]Product, error)
	ProductsByHandle(ctx context.Context, handles []string) ([]Product, error)
	// ProductsAfter pages through all products by id.
	ProductsAfter(ctx context.Context, after string, limit int) ([]Product, error)
	// LockProducts reads those that exist and keeps others from changing them until the transaction ends.
	LockProducts(ctx context.Context, ids []string) ([]Product, error)
	// SKUOwners gives the product ids of those SKUs that exist.
	SKUOwners(ctx context.Context, skus []string) (map[string]string, error)
	// InsertProducts and UpdateProducts fail with ErrHandleTaken or ErrSKUTaken.
	InsertProducts(ctx context.Context, list []Product) error
	UpdateProducts(ctx context.Context, list []Product) error
	// SetPublications stores the products' status in one channel.
	SetPublications(ctx context.Context, list []Product, channel string) error
	DeleteProduct(ctx context.Context, id string) error
	// HandlesLike gives the handles equal to base or base-<number>.
	HandlesLike(ctx context.Context, base string) ([]string, error)
}

// ListingStore keeps the read model of lists, search and carts.
type ListingStore interface {
	// ReplaceListings makes these the only listings of the products. They cover the same channels and locales for each.
	ReplaceListings(ctx context.Context, ids []string, listings []Listing) error
	// TakeStale gives up to limit products marked by ReindexLater and takes the marks off.
	TakeStale(ctx context.Context, limit int) ([]string, error)

	List(ctx context.Context, q ListQuery) ([]Summary, error)
	Search(ctx context.Context, q SearchQuery) (SearchHits, error)
	// SimilarWords gives words of the catalogue that may be meant by word, itself among them when it exists.
	SimilarWords(ctx context.Context, locale, word string) ([]string, error)
	FacetLabels(ctx context.Context, locale string, tokens []string) (map[string]string, error)
	// Sellable answers all SKUs in one query; those that do not exist are left out.
	Sellable(ctx context.Context, channel, locale string, skus []string) ([]Sellable, error)
}

// Reindex says which products to list again; exactly one field is set.
type Reindex struct {
	Channel  string // every product
	Category string // products in it or below it
}

// CategoryQuery pages through the tree.
type CategoryQuery struct {
	Below string // id; empty for the whole tree
	After string // sort path of the last one seen
	Limit int
}

// ListQuery pages through a channel's listings.
type ListQuery struct {
	Channel    string
	Locale     string
	Statuses   []Status
	All        []string   // facet tokens that must all be there
	Any        [][]string // of each group at least one must be there
	Collection string     // id; empty for none
	Sort       Sort
	After      Cursor
	Limit      int
}

// Cursor is where a page ended. Which fields count depends on the order.
type Cursor struct {
	At       time.Time `json:"t,omitzero"`
	Title    string    `json:"s,omitempty"`
	Position int32     `json:"p,omitempty"`
	Rank     float32   `json:"r,omitempty"`
	ID       string    `json:"i,omitempty"`
}

// SearchQuery finds listings by text.
type SearchQuery struct {
	ListQuery
	Text   string
	Config string // text search configuration of the locale's language
	Facets bool
	Max    int // hits to count and rank at most
}

// SearchHits is one page of what was found.
type SearchHits struct {
	Products  []Summary
	Facets    []FacetCount
	Truncated bool
}

// FacetCount is the number of hits that have a facet token.
type FacetCount struct {
	Token string
	Count int32
}

// Summary is what a list shows of a product.
type Summary struct {
	ID          string
	Handle      string
	Title       string
	Vendor      string
	ProductType string
	ImageURL    string
	ImageAlt    string
	SKUs        []string
	CategoryIDs []string
	Tags        []string
	Status      Status
	PublishedAt time.Time
	UpdatedAt   time.Time
	Version     int64
	Cursor      Cursor
}

// Sellable is what a cart line needs to know of a SKU.
type Sellable struct {
	SKU              string
	ProductID        string
	Handle           string
	Title            string
	VariantTitle     string
	CategoryIDs      []string
	Tags             []string
	TaxClass         string
	Published        bool
	RequiresShipping bool
	WeightGrams      int32
	ImageURL         string
	ImageAlt         string
	ProductVersion   int64
}
