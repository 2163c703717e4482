// Package policy reads from the contracts who may call which public method, and what the gateway asks of a call. A
// method without a policy stops the start: nothing is public by oversight.
package policy

import (
	"fmt"

	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Table maps a full gRPC method name ("/package.Service/Method") to its policy.
type Table map[string]*typev1.Policy

// Load reads the policies of every method in the files.
func Load(files ...protoreflect.FileDescriptor) (Table, error) {
	table := Table{}
	for _, file := range files {
		services := file.Services()
		for i := range services.Len() {
			if err := table.add(services.Get(i)); err != nil {
				return nil, err
			}
		}
	}
	return table, nil
}

func (t Table) add(service protoreflect.ServiceDescriptor) error {
	methods := service.Methods()
	for i := range methods.Len() {
		method := methods.Get(i)
		policy, err := Of(method)
		if err != nil {
			return err
		}
		t[fmt.Sprintf("/%s/%s", service.FullName(), method.Name())] = policy
	}
	return nil
}

// Of returns the policy of one method, or an error that names what is missing in the contract.
func Of(method protoreflect.MethodDescriptor) (*typev1.Policy, error) {
	policy, _ := proto.GetExtension(method.Options(), typev1.E_Policy).(*typev1.Policy)
	if policy.GetAudience() == typev1.Audience_AUDIENCE_UNSPECIFIED {
		return nil, fmt.Errorf("method %s has no audience in its policy", method.FullName())
	}
	if (policy.GetAudience() == typev1.Audience_AUDIENCE_STAFF) != (policy.GetScope() != "") {
		return nil, fmt.Errorf("method %s: a scope goes with AUDIENCE_STAFF and only with it", method.FullName())
	}
	return policy, nil
}
