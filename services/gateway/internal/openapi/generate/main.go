// Command generate writes the OpenAPI 3.1 document of the public API and the table of error reasons. It reads the
// contracts with their comments (a descriptor set that buf builds) and the error kinds declared in the services' code:
//
//	go run ./internal/openapi/generate -descriptors api.binpb -services .. -document openapi.json -errors errors.md
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// publicPackages are the packages whose services are described.
func publicPackages() []protoreflect.FullName {
	return []protoreflect.FullName{"cartwright.storefront.v1", "cartwright.admin.v1"}
}

func main() {
	descriptors := flag.String("descriptors", "", "descriptor set with source info")
	services := flag.String("services", "", "folder of the services whose error kinds are listed")
	documentPath := flag.String("document", "", "OpenAPI file to write")
	errorsPath := flag.String("errors", "", "table of error reasons to write")
	flag.Parse()
	if err := run(*descriptors, *services, *documentPath, *errorsPath); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(descriptors, services, documentPath, errorsPath string) error {
	files, err := load(descriptors)
	if err != nil {
		return err
	}
	reasons, err := findReasons(services)
	if err != nil {
		return err
	}
	doc, err := newBuilder(files, reasons).document()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(doc); err != nil {
		return err
	}
	if err := os.WriteFile(documentPath, out.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(errorsPath, []byte(reasonTable(reasons)), 0o644)
}

// load resolves the set against the types linked into this program, so that options such as policies can be read.
func load(path string) ([]protoreflect.FileDescriptor, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(raw, set); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	registry, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	var files []protoreflect.FileDescriptor
	for _, pkg := range publicPackages() {
		registry.RangeFilesByPackage(pkg, func(file protoreflect.FileDescriptor) bool {
			files = append(files, file)
			return true
		})
	}
	return files, nil
}
