package main

import (
	"google.golang.org/protobuf/reflect/protoreflect"
)

// addFileRoutes describes the routes whose body is a file: their methods are streams and have no annotation.
func (b *builder) addFileRoutes() {
	for _, file := range b.files {
		service := file.Services().ByName("TransferAdminService")
		if service == nil {
			continue
		}
		b.addImport(service.Methods().ByName("ImportProducts"), file.Messages().ByName("ImportHeader"))
		b.addExport(service.Methods().ByName("ExportProducts"))
	}
}

func (b *builder) addImport(method protoreflect.MethodDescriptor, header protoreflect.MessageDescriptor) {
	op := newOperation(method, comment(method))
	b.addQuery(op, header, "", nil)
	op.RequestBody = &requestBody{Required: true, Content: map[string]content{"text/csv": {
		Schema:  &schema{Type: "string", Description: "A Shopify product CSV, at most 256 MiB."},
		Example: "Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\nlinen-shirt,Linen shirt,LS-1,49.00,12\n",
	}}}
	op.Responses = b.responses(method.Output())
	b.paths["/admin/v1/products/import"] = pathItem{"post": op}
}

func (b *builder) addExport(method protoreflect.MethodDescriptor) {
	op := newOperation(method, comment(method))
	b.addQuery(op, method.Input(), "", nil)
	op.Responses = b.responses(method.Output())
	op.Responses["200"] = response{Description: "The file.", Content: map[string]content{"text/csv": {
		Schema: &schema{Type: "string"}, Example: "Handle,Title,Variant SKU\nlinen-shirt,Linen shirt,LS-1\n",
	}}}
	b.paths["/admin/v1/products/export"] = pathItem{"get": op}
}

func problemSchema() *schema {
	text := func(description string) *schema { return &schema{Type: "string", Description: description} }
	return &schema{
		Type: "object", Description: "A refusal (RFC 9457).", Required: []string{"type", "title", "status", "reason"},
		Properties: map[string]*schema{
			"type":     text("Reference of the reason in the documentation."),
			"title":    text("Short text of the status."),
			"status":   {Type: "integer", Description: "HTTP status."},
			"reason":   text("Stable name to program against."),
			"detail":   text("What went wrong this time."),
			"instance": text("Id of the request."),
			"errors": {Type: "array", Description: "Fields that are wrong.", Items: &schema{
				Type: "object", Properties: map[string]*schema{
					"path": text("Field, such as lines[0].quantity."), "reason": text("Stable name."), "message": text("What is wrong."),
				},
			}},
			"meta": {Type: "object", Description: "Facts for programs.", AdditionalProperties: &schema{Type: "string"}},
		},
	}
}

func problemExample() any {
	return map[string]any{
		"type": "/docs#QTY_RANGE", "title": "Bad Request", "status": 400, "reason": "QTY_RANGE",
		"detail": "A quantity is a whole number from 1 to 1000000.", "instance": "01936e7a-5f2b-7c3d-8e4f-a0b1c2d3e4f5",
		"errors": []any{map[string]any{"path": "lines[0].quantity", "reason": "QTY_RANGE", "message": "must be at least 1"}},
	}
}
