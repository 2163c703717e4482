module github.com/cartwright-shop/cartwright/services/gateway

go 1.26

require (
	github.com/cartwright-shop/cartwright/proto v0.0.0
	github.com/cartwright-shop/cartwright/services/platform v0.0.0
)

replace (
	github.com/cartwright-shop/cartwright/proto => ../../proto
	github.com/cartwright-shop/cartwright/services/platform => ../platform
)
