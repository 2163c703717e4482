// Command makedemo derives the shipped demo data from an Online Retail CSV:
//
//	go run ./demo/cmd/makedemo -in online-retail.csv -out demo
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cartwright-shop/cartwright/deploy/demo"
	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
)

func main() {
	in := flag.String("in", "", "Online Retail CSV to derive from")
	out := flag.String("out", "demo", "folder that gets catalogue.tsv and orders.csv.gz")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "makedemo:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	source, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	rows, err := onlineretail.ReadAll(bytes.NewReader(source))
	if err != nil {
		return err
	}
	products := onlineretail.BuildCatalogue(rows)
	text := demo.FormatCatalogue(products)
	if err := os.WriteFile(filepath.Join(out, "catalogue.tsv"), []byte(text), 0o644); err != nil {
		return err
	}
	packed, err := pack(source)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "orders.csv.gz"), packed, 0o644); err != nil {
		return err
	}
	fmt.Printf("%d rows, %d products, catalogue %d bytes, orders %d bytes\n", len(rows), len(products), len(text), len(packed))
	return nil
}

// pack compresses without a time stamp, so that the same input gives the same bytes.
func pack(source []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(source); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
