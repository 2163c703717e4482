package charts

import (
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	zoneKey = "topology.kubernetes.io/zone"
	hostKey = "kubernetes.io/hostname"
	// flushTime is what a process needs after its calls have ended: hooks, traces, connections.
	flushTime = 10
	// longestEnd is what a pod that nobody calls may take to end: a stuck one must not hold up its successor.
	longestEnd = 60
	// startTime is what a pod may take to start, and bound for what a stuck release costs.
	startTime = 30
)

func workloadRules() []Rule {
	return []Rule{
		{"there are enough pods", "one lost pod or node would be an outage", false, checkReplicas},
		{"a rollout takes no pod away before another is ready", "every release would cost requests", false, checkRollout},
		{"drains are let through one pod at a time", "a node could not be drained, or all pods of a service would go with it", false, checkBudget},
		{"pods are spread over zones and nodes", "the loss of one would take all pods", false, checkSpread},
		{"a lost zone leaves enough pods", "a service would be down with its zone", false, checkZoneLoss},
		{"probes ask the process and nothing else", "a database that is down would have pods killed, or dead pods would get traffic", false, checkProbes},
		{"a pod has time to finish its calls", "calls would be cut off when a pod ends", false, checkDrain},
		{"pods have requests, a memory limit and know it", "one pod could take a node down, or be killed for memory it could have freed", true, checkResources},
		{"what takes orders and money goes first", "the catalogue would keep its place while checkouts wait for one", false, checkPriority},
		{"old releases go, stuck ones are told", "a cluster would keep garbage, and a release tool would wait for ever", true, checkHistory},
		{"scaling follows load up fast and down slowly", "a wave of buyers would meet too few pods twice", false, checkScaling},
	}
}

func checkReplicas(r *Release) []string {
	var c complain
	least := int32(2)
	if critical(r.Chart) {
		least = 3
	}
	for _, d := range r.deployments() {
		h := scalerOf(r, d.Name)
		if r.single() {
			c.when(h != nil || d.Spec.Replicas == nil || *d.Spec.Replicas != 1, "Deployment %s: not one replica, all would do the same", d.Name)
			continue
		}
		if h == nil {
			c.when(d.Spec.Replicas == nil || *d.Spec.Replicas < least, "Deployment %s: fewer than %d replicas", d.Name, least)
			continue
		}
		c.when(d.Spec.Replicas != nil, "Deployment %s: says how many replicas there are, which the autoscaler decides", d.Name)
		c.when(h.Spec.MinReplicas == nil || *h.Spec.MinReplicas < least, "HorizontalPodAutoscaler %s: min under %d", h.Name, least)
	}
	return c.lines
}

// scalerOf is the autoscaler of a Deployment, nil for none.
func scalerOf(r *Release, deployment string) *autoscalingv2.HorizontalPodAutoscaler {
	for _, h := range all[*autoscalingv2.HorizontalPodAutoscaler](r.Manifest) {
		if h.Spec.ScaleTargetRef.Kind == "Deployment" && h.Spec.ScaleTargetRef.Name == deployment {
			return h
		}
	}
	return nil
}

func checkRollout(r *Release) []string {
	var c complain
	for _, d := range r.deployments() {
		s := d.Spec.Strategy
		if r.single() {
			c.when(s.Type != appsv1.RecreateDeploymentStrategyType, "Deployment %s: a rollout has two of it", d.Name)
			continue
		}
		ok := s.Type == appsv1.RollingUpdateDeploymentStrategyType && s.RollingUpdate != nil && s.RollingUpdate.MaxUnavailable != nil && s.RollingUpdate.MaxSurge != nil
		c.when(!ok || *s.RollingUpdate.MaxUnavailable != intstr.FromInt32(0), "Deployment %s: maxUnavailable is not 0", d.Name)
		c.when(ok && *s.RollingUpdate.MaxSurge != intstr.FromInt32(1), "Deployment %s: maxSurge is not 1", d.Name)
	}
	return c.lines
}

func checkBudget(r *Release) []string {
	var c complain
	for _, d := range r.deployments() {
		found := 0
		for _, b := range all[*policyv1.PodDisruptionBudget](r.Manifest) {
			if b.Spec.Selector == nil || !matches(b.Spec.Selector.MatchLabels, d.Spec.Template.Labels) {
				continue
			}
			found++
			c.when(b.Spec.MinAvailable != nil || b.Spec.MaxUnavailable == nil || *b.Spec.MaxUnavailable != intstr.FromInt32(1), "PodDisruptionBudget %s: maxUnavailable is not 1", b.Name)
			c.when(b.Spec.UnhealthyPodEvictionPolicy == nil || *b.Spec.UnhealthyPodEvictionPolicy != policyv1.AlwaysAllow, "PodDisruptionBudget %s: a broken pod keeps its node from being drained", b.Name)
		}
		if r.single() {
			c.when(found != 0, "Deployment %s: a budget over one pod keeps its node from being drained, or does nothing", d.Name)
			continue
		}
		c.when(found != 1, "Deployment %s: %d PodDisruptionBudgets select its pods", d.Name, found)
	}
	return c.lines
}

// budgetOf is a budget that selects the pods of a Deployment, nil for none.
func budgetOf(r *Release, d *appsv1.Deployment) *policyv1.PodDisruptionBudget {
	for _, b := range all[*policyv1.PodDisruptionBudget](r.Manifest) {
		if b.Spec.Selector != nil && matches(b.Spec.Selector.MatchLabels, d.Spec.Template.Labels) {
			return b
		}
	}
	return nil
}

func checkSpread(r *Release) []string {
	var c complain
	for _, d := range r.deployments() {
		keys := map[string]bool{}
		for _, s := range d.Spec.Template.Spec.TopologySpreadConstraints {
			keys[s.TopologyKey] = true
			selector := s.LabelSelector
			c.when(selector == nil || len(selector.MatchLabels) == 0 || !matches(selector.MatchLabels, d.Spec.Template.Labels), "Deployment %s: spread over %s selects other pods", d.Name, s.TopologyKey)
			c.when(!slices.Contains(s.MatchLabelKeys, "pod-template-hash"), "Deployment %s: spread over %s counts the pods of the old release", d.Name, s.TopologyKey)
			c.when(s.NodeTaintsPolicy == nil || *s.NodeTaintsPolicy != corev1.NodeInclusionPolicyHonor, "Deployment %s: spread over %s counts drained nodes", d.Name, s.TopologyKey)
			c.when(s.MaxSkew != 1, "Deployment %s: spread over %s allows a skew of %d", d.Name, s.TopologyKey, s.MaxSkew)
		}
		c.when(!r.single() && (!keys[zoneKey] || !keys[hostKey]), "Deployment %s: not spread over zones and hosts", d.Name)
	}
	return c.lines
}

func checkProbes(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		if !p.server {
			continue
		}
		k := p.container()
		for name, probe := range map[string]*corev1.Probe{"startup": k.StartupProbe, "readiness": k.ReadinessProbe, "liveness": k.LivenessProbe} {
			if probe == nil || probe.HTTPGet == nil {
				c.when(true, "%s: no %s probe by HTTP", p.name, name)
				continue
			}
			want := "/livez"
			if name == "readiness" {
				want = "/readyz"
			}
			c.when(probe.HTTPGet.Path != want || probe.HTTPGet.Port != intstr.FromString("ops"), "%s: the %s probe asks %s", p.name, name, probe.HTTPGet.Path)
			c.when(name == "liveness" && probe.FailureThreshold*probe.PeriodSeconds < startTime, "%s: killed after less than %d s", p.name, startTime)
			c.when(name == "startup" && probe.FailureThreshold*max(probe.PeriodSeconds, 1) < startTime, "%s: has less than %d s to start", p.name, startTime)
			c.when(probe.TimeoutSeconds < 2, "%s: the %s probe waits less than 2 s", p.name, name)
		}
	}
	return c.lines
}

func checkDrain(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		if !p.server {
			continue
		}
		k := p.container()
		if r.single() {
			grace := p.spec.TerminationGracePeriodSeconds
			c.when(grace == nil || *grace < flushTime || *grace > longestEnd, "%s: has not %d to %d s to end", p.name, flushTime, longestEnd)
			continue
		}
		if k.Lifecycle == nil || k.Lifecycle.PreStop == nil || k.Lifecycle.PreStop.Sleep == nil {
			c.when(true, "%s: no preStop sleep", p.name)
			continue
		}
		drain, err := time.ParseDuration(p.env("DRAIN_TIMEOUT"))
		c.when(err != nil, "%s: DRAIN_TIMEOUT: %v", p.name, err)
		seconds, sleep, longest := int64(drain/time.Second), k.Lifecycle.PreStop.Sleep.Seconds, r.LongestCall
		if own, err := time.ParseDuration(p.env("REQUEST_DEADLINE")); err == nil {
			longest = int64(own / time.Second)
		}
		c.when(sleep < 5, "%s: goes while endpoints still lead to it", p.name)
		c.when(seconds < longest, "%s: drains for %d s, a call may take %d s", p.name, seconds, longest)
		grace := p.spec.TerminationGracePeriodSeconds
		c.when(grace == nil || *grace < sleep+seconds+flushTime, "%s: is killed before sleep %d s + drain %d s + %d s", p.name, sleep, seconds, flushTime)
	}
	return c.lines
}

func checkResources(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		k := p.container()
		limit := k.Resources.Limits.Memory()
		c.when(k.Resources.Requests.Cpu().IsZero() || k.Resources.Requests.Memory().IsZero(), "%s: requests no CPU or memory", p.name)
		c.when(limit.IsZero(), "%s: no memory limit", p.name)
		c.when(k.Resources.Requests.Memory().Cmp(*limit) > 0, "%s: requests more memory than its limit", p.name)
		if p.server && r.Chart != "sandbox" {
			heap, err := strconv.ParseInt(strings.TrimSuffix(p.env("GOMEMLIMIT"), "B"), 10, 64)
			c.when(err != nil || heap != limit.Value()*9/10, "%s: GOMEMLIMIT is not 90 %% of the limit", p.name)
		}
	}
	return c.lines
}

func checkPriority(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		if p.server && r.Production {
			want := "cartwright-default"
			if critical(r.Chart) {
				want = "cartwright-critical"
			}
			c.when(p.spec.PriorityClassName != want, "%s: priorityClassName is %q", p.name, p.spec.PriorityClassName)
		}
	}
	return c.lines
}

func checkHistory(r *Release) []string {
	var c complain
	for _, d := range r.deployments() {
		c.when(d.Spec.RevisionHistoryLimit == nil || *d.Spec.RevisionHistoryLimit > 5, "Deployment %s: keeps more than 5 old releases", d.Name)
		c.when(d.Spec.ProgressDeadlineSeconds == nil || *d.Spec.ProgressDeadlineSeconds > 600, "Deployment %s: a stuck rollout is not told within 600 s", d.Name)
	}
	return c.lines
}

func checkScaling(r *Release) []string {
	var c complain
	for _, h := range all[*autoscalingv2.HorizontalPodAutoscaler](r.Manifest) {
		b := h.Spec.Behavior
		c.when(b == nil || b.ScaleDown == nil || b.ScaleDown.StabilizationWindowSeconds == nil || *b.ScaleDown.StabilizationWindowSeconds < 300, "HorizontalPodAutoscaler %s: scales down before 300 s", h.Name)
		c.when(b == nil || b.ScaleUp == nil || b.ScaleUp.StabilizationWindowSeconds == nil || *b.ScaleUp.StabilizationWindowSeconds > 0, "HorizontalPodAutoscaler %s: waits before it scales up", h.Name)
		c.when(len(h.Spec.Metrics) == 0, "HorizontalPodAutoscaler %s: follows nothing", h.Name)
	}
	return c.lines
}
