package charts

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

const (
	// zones is how many zones a region has at least, nodes how many of ours are in each.
	zones = 3
	nodes = 3
)

// cluster is where a scheduler puts the pods of one Deployment: how many are on each node of each zone.
type cluster struct {
	pods [zones][nodes]int
	// lost is the zone that is gone, -1 for none. Its nodes are tainted, so they are no domains any more.
	lost int
}

// place puts one pod onto the fullest zone and node that hard constraints allow, as the worst of schedulers would. It says false when
// they allow none.
func (c *cluster) place(constraints []corev1.TopologySpreadConstraint) bool {
	zone, node := -1, -1
	for z := range zones {
		for n := range nodes {
			if z == c.lost || !c.allows(constraints, z, n) {
				continue
			}
			if zone < 0 || c.in(z) > c.in(zone) || z == zone && c.pods[z][n] > c.pods[zone][node] {
				zone, node = z, n
			}
		}
	}
	if zone < 0 {
		return false
	}
	c.pods[zone][node]++
	return true
}

// in counts the pods of a zone.
func (c *cluster) in(zone int) int {
	sum := 0
	for _, count := range c.pods[zone] {
		sum += count
	}
	return sum
}

func (c *cluster) allows(constraints []corev1.TopologySpreadConstraint, zone, node int) bool {
	for _, s := range constraints {
		if s.WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		var counts []int
		here := 0
		for z := range zones {
			if z == c.lost {
				continue
			}
			if s.TopologyKey == zoneKey {
				counts = append(counts, c.in(z))
				here = c.in(zone)
			}
			if s.TopologyKey == hostKey {
				counts = append(counts, c.pods[z][:]...)
				here = c.pods[zone][node]
			}
		}
		if len(counts) == 0 {
			continue
		}
		least := slices.Min(counts)
		if s.MinDomains != nil && int(*s.MinDomains) > len(counts) {
			least = 0 // what Kubernetes takes for domains that are not there
		}
		if here+1-least > int(s.MaxSkew) {
			return false
		}
	}
	return true
}

// lose takes the fullest zone away and returns how many pods are left.
func (c *cluster) lose() int {
	left, fullest := 0, 0
	for z := range zones {
		left += c.in(z)
		if c.in(z) > c.in(fullest) {
			fullest = z
		}
	}
	left -= c.in(fullest)
	c.pods[fullest], c.lost = [nodes]int{}, fullest
	return left
}

// checkZoneLoss holds of production, where every node has a zone. It has a scheduler place the fewest and the most pods that the
// autoscaler wants, as badly as their constraints allow; takes the fullest zone away while the budget lets as many more be drained as it
// does; counts what is left; and places what was lost in the other zones.
func checkZoneLoss(r *Release) []string {
	var c complain
	for _, d := range r.deployments() {
		if !r.Production || r.single() { // one pod is placed elsewhere then, and nobody waits for it
			continue
		}
		for _, pods := range sizes(r, d) {
			survive(&c, r, d, pods)
		}
	}
	return c.lines
}

// sizes are the fewest and the most pods of a Deployment.
func sizes(r *Release, d *appsv1.Deployment) []int {
	h := scalerOf(r, d.Name)
	switch {
	case h != nil && h.Spec.MinReplicas != nil:
		return []int{int(*h.Spec.MinReplicas), int(h.Spec.MaxReplicas)}
	case h == nil && d.Spec.Replicas != nil:
		return []int{int(*d.Spec.Replicas)}
	}
	return []int{1}
}

func survive(c *complain, r *Release, d *appsv1.Deployment, pods int) {
	constraints := d.Spec.Template.Spec.TopologySpreadConstraints
	at := &cluster{lost: -1}
	for n := range pods {
		if !at.place(constraints) {
			c.when(true, "Deployment %s: only %d of %d pods have a place", d.Name, n, pods)
			return
		}
	}
	left := at.lose()
	c.when(left < 1, "Deployment %s: no pod left of %d", d.Name, pods)
	c.when(critical(r.Chart) && left-drained(r, d) < 1, "Deployment %s: no pod left of %d while another is drained", d.Name, pods)
	c.when(left < pods-(pods+zones-1)/zones, "Deployment %s: %d pods left of %d", d.Name, left, pods)
	for n := range pods - left {
		if !at.place(constraints) {
			c.when(true, "Deployment %s: only %d of %d lost pods have a place in the zones that are left", d.Name, n, pods-left)
			return
		}
	}
}

// drained is how many pods of a Deployment its budget lets be away at once.
func drained(r *Release, d *appsv1.Deployment) int {
	if b := budgetOf(r, d); b != nil && b.Spec.MaxUnavailable != nil {
		return b.Spec.MaxUnavailable.IntValue()
	}
	return 1
}
