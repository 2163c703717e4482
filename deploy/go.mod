module github.com/cartwright-shop/cartwright/deploy

go 1.26.0

require (
	github.com/cartwright-shop/cartwright/services/platform v0.0.0
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/jackc/pgx/v5 v5.12.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace (
	github.com/cartwright-shop/cartwright/proto => ../proto
	github.com/cartwright-shop/cartwright/services/platform => ../services/platform
)
