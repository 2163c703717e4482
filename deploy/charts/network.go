package charts

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	grpcPort = 9000
	httpPort = 8080
	opsPort  = 9090
	dnsPort  = 53
	anywhere = "0.0.0.0/0"
	nameKey  = "app.kubernetes.io/name"
)

func networkRules() []Rule {
	return []Rule{
		{"every pod is closed but for what is listed", "a break-in into one service would reach all", true, checkDenied},
		{"calls are those of the graph", "a service could be called by one that nobody decided on, or not by one that needs it", false, checkEdges},
		{"the ops port is for probes and metrics", "profiles and log levels would be open to every pod", false, checkOps},
		{"names are looked up over UDP and TCP", "long answers would never come", true, checkNamesLookup},
		{"only who must reaches public addresses", "a break-in could carry data out, or ask the cloud's metadata for keys", true, checkPublicEgress},
		{"only the gateway is public", "a service that believes its caller would be open to all", true, checkServices},
		{"selectors select their own", "traffic, budgets or policies would miss the pods, or take those of migrations", true, checkSelectors},
	}
}

func policies(m *Manifest) []*networkingv1.NetworkPolicy { return all[*networkingv1.NetworkPolicy](m) }

func selects(s metav1.LabelSelector, labels map[string]string) bool {
	return len(s.MatchExpressions) == 0 && matches(s.MatchLabels, labels)
}

func checkDenied(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		in, out := false, false
		for _, policy := range policies(r.Manifest) {
			if selects(policy.Spec.PodSelector, p.meta.Labels) {
				in = in || slices.Contains(policy.Spec.PolicyTypes, networkingv1.PolicyTypeIngress)
				out = out || slices.Contains(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
			}
		}
		c.when(!in, "%s: whoever wants may connect to it", p.name)
		c.when(!out, "%s: may connect to whomever it wants", p.name)
	}
	for _, policy := range policies(r.Manifest) {
		for _, rule := range policy.Spec.Ingress {
			c.when(len(rule.Ports) == 0, "NetworkPolicy %s: lets in on every port", policy.Name)
		}
		for _, rule := range policy.Spec.Egress {
			c.when(len(rule.Ports) == 0 || len(rule.To) == 0, "NetworkPolicy %s: lets out to anything", policy.Name)
		}
	}
	return c.lines
}

// checkEdges compares the pods that a service's policy names with the graph, in both directions.
func checkEdges(r *Release) []string {
	var c complain
	var in, out []string
	for _, policy := range policies(r.Manifest) {
		for _, rule := range policy.Spec.Ingress {
			if onPort(rule.Ports, grpcPort, "grpc") {
				in = append(in, named(rule.From, &c, policy.Name)...)
			}
		}
		for _, rule := range policy.Spec.Egress {
			if onPort(rule.Ports, grpcPort, "") {
				out = append(out, named(rule.To, &c, policy.Name)...)
			}
		}
	}
	want := slices.Sorted(slices.Values(r.Graph.Calls[r.Chart]))
	c.when(!slices.Equal(slices.Sorted(slices.Values(out)), want), "may call %v, the graph says %v", out, want)
	callers := r.Graph.callers(r.Chart)
	c.when(!slices.Equal(slices.Sorted(slices.Values(in)), callers), "is called by %v, the graph says %v", in, callers)
	return c.lines
}

func onPort(ports []networkingv1.NetworkPolicyPort, number int32, name string) bool {
	return slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		return p.Port != nil && (*p.Port == intstr.FromInt32(number) || name != "" && *p.Port == intstr.FromString(name))
	})
}

// named are the services that the peers of a rule select; a peer that is no service of the shop is a breach.
func named(peers []networkingv1.NetworkPolicyPeer, c *complain, policy string) []string {
	c.when(len(peers) == 0, "NetworkPolicy %s: opens gRPC to everybody", policy)
	var names []string
	for _, peer := range peers {
		if peer.PodSelector == nil || peer.PodSelector.MatchLabels[nameKey] == "" || peer.PodSelector.MatchLabels["app.kubernetes.io/part-of"] == "" {
			c.when(true, "NetworkPolicy %s: opens gRPC to what is no service of the shop", policy)
			continue
		}
		names = append(names, peer.PodSelector.MatchLabels[nameKey])
	}
	return names
}

func checkOps(r *Release) []string {
	var c complain
	for _, policy := range policies(r.Manifest) {
		for _, rule := range policy.Spec.Ingress {
			if !onPort(rule.Ports, opsPort, "ops") {
				continue
			}
			c.when(len(rule.From) == 0, "NetworkPolicy %s: opens the ops port to everybody", policy.Name)
			for _, from := range rule.From {
				if r.single() && r.test(from) {
					continue
				}
				open := from.IPBlock == nil && (from.NamespaceSelector == nil || len(from.NamespaceSelector.MatchLabels) == 0)
				c.when(open || from.IPBlock != nil && from.IPBlock.CIDR == anywhere, "NetworkPolicy %s: opens the ops port to more than a namespace", policy.Name)
			}
		}
	}
	return c.lines
}

// test tells whether a peer is the release's own test and nothing else.
func (r *Release) test(from networkingv1.NetworkPolicyPeer) bool {
	if from.PodSelector == nil || from.NamespaceSelector != nil || len(from.PodSelector.MatchLabels) != 3 {
		return false
	}
	return slices.ContainsFunc(all[*corev1.Pod](r.Manifest), func(p *corev1.Pod) bool {
		return isHook(p, "test") && selects(*from.PodSelector, p.Labels)
	})
}

func checkNamesLookup(r *Release) []string {
	var c complain
	for _, policy := range policies(r.Manifest) {
		if len(policy.Spec.Egress) == 0 {
			continue
		}
		found := map[corev1.Protocol]bool{}
		for _, rule := range policy.Spec.Egress {
			for _, port := range rule.Ports {
				if port.Port != nil && *port.Port == intstr.FromInt32(dnsPort) && port.Protocol != nil {
					found[*port.Protocol] = true
				}
			}
		}
		c.when(!found[corev1.ProtocolUDP] || !found[corev1.ProtocolTCP], "NetworkPolicy %s: no DNS over UDP and TCP", policy.Name)
	}
	return c.lines
}

func checkPublicEgress(r *Release) []string {
	var c complain
	for _, policy := range policies(r.Manifest) {
		for _, rule := range policy.Spec.Egress {
			for _, to := range rule.To {
				if to.IPBlock == nil || !strings.HasSuffix(to.IPBlock.CIDR, "/0") {
					continue
				}
				c.when(r.Chart != "gateway" && r.Chart != "payment", "NetworkPolicy %s: reaches %s", policy.Name, to.IPBlock.CIDR)
				for _, inner := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8"} {
					c.when(!slices.Contains(to.IPBlock.Except, inner), "NetworkPolicy %s: reaches %s among public addresses", policy.Name, inner)
				}
			}
		}
	}
	return c.lines
}

func checkServices(r *Release) []string {
	var c complain
	for _, s := range all[*corev1.Service](r.Manifest) {
		headless := s.Spec.ClusterIP == corev1.ClusterIPNone
		c.when(s.Spec.Type != "" && s.Spec.Type != corev1.ServiceTypeClusterIP, "Service %s: is a %s", s.Name, s.Spec.Type)
		c.when(len(s.Spec.ExternalIPs) > 0, "Service %s: has external addresses", s.Name)
		for _, port := range s.Spec.Ports {
			target := port.TargetPort.String()
			c.when(target == "grpc" && !headless, "Service %s: one connection would stay at one pod", s.Name)
			c.when(target == "ops" && (!headless || len(s.Spec.Ports) != 1), "Service %s: shows the ops port beside others", s.Name)
			c.when(target == "http" && r.Chart != "gateway" && r.Chart != "sandbox", "Service %s: shows HTTP", s.Name)
		}
	}
	for _, o := range r.Objects {
		switch o := o.(type) {
		case *networkingv1.Ingress:
			c.when(r.Chart != "gateway", "Ingress %s: leads the public to %s", o.Name, r.Chart)
			for _, rule := range o.Spec.Rules {
				for _, path := range rule.HTTP.Paths {
					c.when(path.Backend.Service == nil || path.Backend.Service.Port.Name != "http", "Ingress %s: leads to another port than http", o.Name)
				}
			}
		case *HTTPRoute:
			c.when(r.Chart != "gateway", "HTTPRoute %s: leads the public to %s", o.Name, r.Chart)
		}
	}
	return c.lines
}

// checkSelectors wants every selector to select the servers and nothing that ends: a migration's pod must get no traffic.
func checkSelectors(r *Release) []string {
	var c complain
	one := func(what string, selector map[string]string, ports ...intstr.IntOrString) {
		servers := 0
		for _, p := range r.pods() {
			if !matches(selector, p.meta.Labels) {
				continue
			}
			c.when(!p.server, "%s: selects %s", what, p.name)
			if p.server {
				servers++
			}
			for _, port := range ports {
				_, found := containerPort(p, port)
				c.when(!found, "%s: %s has no port %s", what, p.name, port.String())
			}
		}
		c.when(servers != 1 || len(selector) == 0, "%s: selects %d servers", what, servers)
	}
	for _, d := range r.deployments() {
		one("Deployment "+d.Name, d.Spec.Selector.MatchLabels)
		c.when(len(d.Spec.Selector.MatchLabels) != 3, "Deployment %s: its selector is not name, instance, component: it could not be upgraded", d.Name)
	}
	for _, s := range all[*corev1.Service](r.Manifest) {
		var targets []intstr.IntOrString
		for _, port := range s.Spec.Ports {
			targets = append(targets, port.TargetPort)
		}
		one("Service "+s.Name, s.Spec.Selector, targets...)
	}
	for _, policy := range policies(r.Manifest) {
		pods := 0
		for _, p := range r.pods() {
			if selects(policy.Spec.PodSelector, p.meta.Labels) {
				pods++
			}
		}
		c.when(pods == 0, "NetworkPolicy %s: selects no pod", policy.Name)
	}
	for _, monitor := range all[*ServiceMonitor](r.Manifest) {
		c.when(!monitored(r.Manifest, monitor), "ServiceMonitor %s: no Service has its labels and ports", monitor.Name)
	}
	return c.lines
}

func monitored(m *Manifest, monitor *ServiceMonitor) bool {
	return slices.ContainsFunc(all[*corev1.Service](m), func(s *corev1.Service) bool {
		if !selects(monitor.Spec.Selector, s.Labels) || len(monitor.Spec.Endpoints) == 0 {
			return false
		}
		for _, e := range monitor.Spec.Endpoints {
			if !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == e.Port }) {
				return false
			}
		}
		return true
	})
}

func containerPort(p pod, port intstr.IntOrString) (int32, bool) {
	for _, known := range p.container().Ports {
		if port.Type == intstr.String && known.Name == port.StrVal || port.Type == intstr.Int && known.ContainerPort == port.IntVal {
			return known.ContainerPort, true
		}
	}
	return 0, false
}

// Edges simulates the policies of a whole shop in one namespace: "cart -> pricing:9000" for each pair of servers and each port of the
// second that the first can reach.
func (m *Manifest) Edges() []string {
	var edges []string
	for _, from := range m.pods() {
		for _, to := range m.pods() {
			if !from.server || !to.server || from.name == to.name {
				continue
			}
			for _, port := range to.container().Ports {
				if m.lets(from, to, port) {
					edges = append(edges, fmt.Sprintf("%s -> %s:%d", from.meta.Labels[nameKey], to.meta.Labels[nameKey], port.ContainerPort))
				}
			}
		}
	}
	slices.Sort(edges)
	return edges
}

// lets tells whether some policy lets the one out and some policy lets it in at the other. Pods that no policy selects are open.
func (m *Manifest) lets(from, to pod, port corev1.ContainerPort) bool {
	out, in := true, true
	for _, policy := range policies(m) {
		if selects(policy.Spec.PodSelector, from.meta.Labels) {
			out = false
		}
		if selects(policy.Spec.PodSelector, to.meta.Labels) {
			in = false
		}
	}
	for _, policy := range policies(m) {
		if selects(policy.Spec.PodSelector, from.meta.Labels) {
			for _, rule := range policy.Spec.Egress {
				out = out || onPort(rule.Ports, port.ContainerPort, port.Name) && chosen(rule.To, to)
			}
		}
		if selects(policy.Spec.PodSelector, to.meta.Labels) {
			for _, rule := range policy.Spec.Ingress {
				in = in || onPort(rule.Ports, port.ContainerPort, port.Name) && (len(rule.From) == 0 || chosen(rule.From, from))
			}
		}
	}
	return out && in
}

// chosen tells whether peers choose a pod of the same namespace. Addresses of pods are private, so blocks choose it when they have
// one of the private networks; a namespace is another one.
func chosen(peers []networkingv1.NetworkPolicyPeer, p pod) bool {
	return slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
		if peer.IPBlock != nil {
			return strings.HasPrefix(peer.IPBlock.CIDR, "10.") || strings.HasSuffix(peer.IPBlock.CIDR, "/0") && len(peer.IPBlock.Except) == 0
		}
		return peer.NamespaceSelector == nil && peer.PodSelector != nil && selects(*peer.PodSelector, p.meta.Labels)
	})
}
