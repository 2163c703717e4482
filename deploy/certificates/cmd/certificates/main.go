// Command certificates prints the Secrets by which the services of a shop know each other, see package certificates:
//
//	certificates -authority DIR -domain shop.example.com -namespace shop | kubectl apply -f -
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/cartwright-shop/cartwright/deploy/certificates"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	var r certificates.Request
	flags := flag.NewFlagSet("certificates", flag.ContinueOnError)
	dir := flags.String("authority", "", "folder of the authority, made when there is none: keep it safe, and out of the cluster")
	believe := flags.String("believe", "", "PEM file of more authorities to believe, while one takes over from another")
	flags.StringVar(&r.Domain, "domain", "", "trust domain, one per environment")
	flags.StringVar(&r.Namespace, "namespace", "", "namespace of the shop")
	flags.StringVar(&r.Prefix, "prefix", "", "what the shop's services have before their names, such as shop- in release shop of the umbrella")
	flags.IntVar(&r.Days, "days", 90, "how long the certificates are good")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		return errors.New("-authority: must be set")
	}
	if *believe != "" {
		var err error
		if r.Believe, err = os.ReadFile(*believe); err != nil {
			return err
		}
	}
	authority, err := certificates.Open(*dir)
	if err != nil {
		return err
	}
	text, err := authority.Secrets(r)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
