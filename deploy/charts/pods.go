package charts

import (
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	psaapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

const (
	// leastID is above what systems give to their own users.
	leastID = 10000
	// maxName is what names of Services and label values may have.
	maxName = 63
)

func podRules() []Rule {
	return []Rule{
		{"a restricted namespace takes every pod", "pods would be refused where security is taken seriously", true, checkAdmission},
		{"nothing is written outside of small volumes", "a break-in could leave something behind, or fill the node's disk", true, checkFiles},
		{"users and groups are nobody's", "a process that escapes its container would be somebody on the node", true, checkUsers},
		{"pods have no token and an account of their own", "a break-in could ask the cluster's API, or get another service's rights in AWS", true, checkAccounts},
		{"images are named for good", "a pod that is moved would run something else than the one before", true, checkImages},
		{"secrets are files that only the process reads", "secrets would show in the environment, in crash dumps and in kubectl", true, checkSecrets},
		{"every part is labelled", "nobody could select, count or blame by service and version", true, checkLabels},
		{"names fit", "an install under a long name would fail half-way", true, checkNames},
		{"tests and migrations are hooks that go", "an upgrade would meet its own leftovers", true, checkHooks},
	}
}

func checkAdmission(r *Release) []string {
	var c complain
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return []string{err.Error()}
	}
	level := psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}
	for _, p := range r.pods() {
		for _, result := range evaluator.EvaluatePod(level, &p.meta, &p.spec) {
			c.when(!result.Allowed, "%s: %s: %s", p.name, result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	return c.lines
}

func checkFiles(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		s := p.container().SecurityContext
		c.when(s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem, "%s: the root file system can be written", p.name)
		for _, v := range p.spec.Volumes {
			c.when(v.HostPath != nil, "%s: volume %s is a folder of the node", p.name, v.Name)
			c.when(v.EmptyDir != nil && v.EmptyDir.SizeLimit == nil, "%s: volume %s has no limit", p.name, v.Name)
		}
	}
	return c.lines
}

func checkUsers(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		s := p.spec.SecurityContext
		if s == nil {
			c.when(true, "%s: no security context", p.name)
			continue
		}
		for name, id := range map[string]*int64{"runAsUser": s.RunAsUser, "runAsGroup": s.RunAsGroup, "fsGroup": s.FSGroup} {
			c.when(id == nil || *id < leastID, "%s: %s is under %d", p.name, name, leastID)
		}
		own := p.container().SecurityContext
		c.when(own != nil && (own.RunAsUser != nil || own.RunAsGroup != nil), "%s: the container has a user of its own", p.name)
	}
	return c.lines
}

func checkAccounts(r *Release) []string {
	var c complain
	accounts := map[string]bool{}
	for _, a := range all[*corev1.ServiceAccount](r.Manifest) {
		accounts[a.Name] = true
		c.when(a.AutomountServiceAccountToken == nil || *a.AutomountServiceAccountToken, "ServiceAccount %s: hands out its token", a.Name)
	}
	for _, p := range r.pods() {
		c.when(!accounts[p.spec.ServiceAccountName], "%s: the account %q is not of its chart", p.name, p.spec.ServiceAccountName)
		c.when(p.spec.AutomountServiceAccountToken == nil || *p.spec.AutomountServiceAccountToken, "%s: has a token of the cluster's API", p.name)
		c.when(p.spec.EnableServiceLinks == nil || *p.spec.EnableServiceLinks, "%s: every Service of the namespace is in its environment", p.name)
	}
	return c.lines
}

func checkImages(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		k := p.container()
		name := k.Image[strings.LastIndex(k.Image, "/")+1:]
		byDigest := strings.Contains(name, "@sha256:")
		_, tag, tagged := strings.Cut(name, ":")
		c.when(!byDigest && (!tagged || tag == "latest"), "%s: image %s may be another one tomorrow", p.name, k.Image)
		c.when(r.Production && p.server && !byDigest, "%s: image %s has no digest", p.name, k.Image)
		c.when(k.ImagePullPolicy != corev1.PullIfNotPresent, "%s: pulls its image %s", p.name, k.ImagePullPolicy)
		c.when(len(p.spec.Containers) != 1 || len(p.spec.InitContainers) != 0, "%s: has more than one container", p.name)
	}
	return c.lines
}

func checkSecrets(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		k := p.container()
		for _, v := range k.Env {
			c.when(v.ValueFrom != nil || secretName(v.Name), "%s: %s is in the environment", p.name, v.Name)
		}
		c.when(len(k.EnvFrom) > 0, "%s: takes its environment from elsewhere", p.name)
		for _, v := range p.spec.Volumes {
			mode, secret := secretMode(v)
			c.when(secret && (mode == nil || *mode != 0o400), "%s: volume %s has a mode other than 0400", p.name, v.Name)
			mounted := slices.ContainsFunc(k.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name && m.ReadOnly })
			c.when(secret && !mounted, "%s: volume %s is not mounted to be read only", p.name, v.Name)
		}
	}
	return c.lines
}

// secretName tells the settings that nobody may see by their names.
func secretName(name string) bool {
	if strings.HasSuffix(name, "_FILE") {
		return false
	}
	for _, part := range []string{"DATABASE_URL", "PASSWORD", "SECRET", "API_KEY", "GIFT_CARD_KEY", "TOKEN"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func secretMode(v corev1.Volume) (*int32, bool) {
	if v.Projected != nil {
		return v.Projected.DefaultMode, true
	}
	if v.Secret != nil {
		return v.Secret.DefaultMode, true
	}
	return nil, false
}

func checkLabels(r *Release) []string {
	var c complain
	labelled := func(name string, labels map[string]string) {
		for _, key := range []string{"name", "instance", "component", "part-of", "version"} {
			c.when(labels["app.kubernetes.io/"+key] == "", "%s: no label app.kubernetes.io/%s", name, key)
		}
		for key, value := range labels {
			c.when(len(value) > maxName, "%s: label %s is too long", name, key)
		}
	}
	for _, o := range r.Objects {
		labelled(kindOf(o)+" "+o.GetName(), o.GetLabels())
	}
	for _, p := range r.pods() {
		labelled(p.name, p.meta.Labels)
		version := p.env("VERSION")
		c.when(version != "" && version != p.meta.Labels["app.kubernetes.io/version"], "%s: the label says another version than the process", p.name)
	}
	return c.lines
}

// kindOf is the kind of an object by its type.
func kindOf(o metav1.Object) string { return reflect.TypeOf(o).Elem().Name() }

func checkNames(r *Release) []string {
	var c complain
	seen := map[string]bool{}
	for _, o := range r.Objects {
		name := kindOf(o) + " " + o.GetName()
		c.when(len(o.GetName()) > maxName, "%s: over %d characters", name, maxName)
		c.when(seen[name], "%s: is there twice", name)
		c.when(o.GetNamespace() != "", "%s: names a namespace", name)
		seen[name] = true
	}
	return c.lines
}

func checkHooks(r *Release) []string {
	var c complain
	tests := 0
	for _, o := range r.Objects {
		if hook(o) == "" {
			continue
		}
		name := kindOf(o) + " " + o.GetName()
		policy := o.GetAnnotations()["helm.sh/hook-delete-policy"]
		c.when(!strings.Contains(policy, "before-hook-creation"), "%s: is in the way of the next one", name)
		_, secret := o.(*corev1.Secret)
		c.when(secret && !strings.Contains(policy, "hook-succeeded"), "%s: a secret that stays", name)
		if _, isPod := o.(*corev1.Pod); isPod && isHook(o, "test") {
			tests++
		}
	}
	c.when(r.Chart != "sandbox" && tests != 1, "%d pods test the release", tests)
	return c.lines
}
