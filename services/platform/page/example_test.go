package page_test

import (
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/page"
)

// A list goes on after the last row of the page before, and only that list.
func Example() {
	type after struct {
		Title string `json:"title"`
		ID    string `json:"id"`
	}
	token, _ := page.Encode("channel=uk-web&sort=title", after{Title: "Mug", ID: "7"})

	var cursor after
	fmt.Println(page.Decode("channel=uk-web&sort=title", token, &cursor), cursor.Title)
	fmt.Println(page.Decode("channel=eu-web&sort=title", token, &cursor) != nil)
	// Output:
	// <nil> Mug
	// true
}
