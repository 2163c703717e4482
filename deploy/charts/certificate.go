package charts

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func certificateRules() []Rule {
	return []Rule{
		{"certificates are files that change under a running pod", "a renewal would need a restart, or never arrive before the old one expires", false, checkCertificateFiles},
		{"a certificate names its service", "every other service would refuse its connections", false, checkCertificate},
		{"nobody talks plaintext to a port with certificates", "probes would fail and kill pods that are well", false, checkPlaintext},
	}
}

// certificateFiles are the settings of platform/mtls, and the file of a Secret of type kubernetes.io/tls that each one names.
func certificateFiles() map[string]string {
	return map[string]string{"MTLS_CERT_FILE": "tls.crt", "MTLS_KEY_FILE": "tls.key", "MTLS_CA_FILE": "ca.crt"}
}

// certified tells whether a pod has a certificate to show.
func certified(p pod) bool {
	return slices.ContainsFunc(p.container().Env, func(v corev1.EnvVar) bool { return strings.HasPrefix(v.Name, "MTLS_") })
}

func checkCertificateFiles(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		if !certified(p) {
			c.when(r.Production && p.server && !r.single(), "%s: has no certificate, in production", p.name)
			continue
		}
		for setting, name := range certificateFiles() {
			file := p.env(setting)
			if file == "" {
				c.when(true, "%s: sets only some of MTLS_CERT_FILE, MTLS_KEY_FILE and MTLS_CA_FILE", p.name)
				continue
			}
			mount, source := certificateMount(p, path.Dir(file))
			c.when(source == nil || path.Base(file) != name, "%s: %s is not %s of the mounted Secret", p.name, setting, name)
			c.when(mount.SubPath != "" || mount.SubPathExpr != "", "%s: mounts its certificate by subPath, which is never updated", p.name)
			c.when(source != nil && source.Optional != nil && *source.Optional, "%s: starts without its certificate", p.name)
		}
	}
	return c.lines
}

// certificateMount is what a pod has mounted at a folder, and the whole Secret behind it; nil when that is something else.
func certificateMount(p pod, folder string) (corev1.VolumeMount, *corev1.SecretVolumeSource) {
	for _, m := range p.container().VolumeMounts {
		if m.MountPath != folder {
			continue
		}
		for _, v := range p.spec.Volumes {
			if v.Name == m.Name && v.Secret != nil && len(v.Secret.Items) == 0 {
				return m, v.Secret
			}
		}
		return m, nil
	}
	return corev1.VolumeMount{}, nil
}

// checkCertificate wants what platform/mtls wants: one URI that ends in the service, and a certificate for both sides of a connection.
func checkCertificate(r *Release) []string {
	var c complain
	for _, certificate := range all[*Certificate](r.Manifest) {
		s := certificate.Spec
		domain, own := "", false
		if len(s.URIs) == 1 {
			domain, own = strings.CutSuffix(strings.TrimPrefix(s.URIs[0], "spiffe://"), "/service/"+r.Chart)
		}
		c.when(!own || domain == "" || strings.Contains(domain, "/"), "Certificate %s: %v is not for service %s alone", certificate.Name, s.URIs, r.Chart)
		for _, usage := range []string{"digital signature", "server auth", "client auth"} {
			c.when(!slices.Contains(s.Usages, usage), "Certificate %s: is not for both sides, it lacks %s", certificate.Name, usage)
		}
		c.when(s.PrivateKey.RotationPolicy != "Always", "Certificate %s: keeps its key when it is renewed", certificate.Name)
		mounts := slices.ContainsFunc(r.pods(), func(p pod) bool { return p.server && slices.Contains(secretsOf(p), s.SecretName) })
		c.when(!mounts, "Certificate %s: goes into Secret %s, which no server mounts", certificate.Name, s.SecretName)
	}
	return c.lines
}

// checkPlaintext wants nobody without a certificate at the port for calls: kubelets, which probe, and proxies, which read Services.
func checkPlaintext(r *Release) []string {
	var c complain
	for _, p := range r.pods() {
		if !p.server || !certified(p) {
			continue
		}
		k := p.container()
		for name, probe := range map[string]*corev1.Probe{"startup": k.StartupProbe, "readiness": k.ReadinessProbe, "liveness": k.LivenessProbe} {
			if probe != nil {
				socket := probe.TCPSocket != nil && probe.TCPSocket.Port == intstr.FromString("grpc")
				c.when(probe.GRPC != nil || socket, "%s: the %s probe has no certificate to show", p.name, name)
			}
		}
		for _, s := range all[*corev1.Service](r.Manifest) {
			for _, port := range s.Spec.Ports {
				c.when(port.AppProtocol != nil && port.TargetPort.String() == "grpc", "Service %s: says that port %s is plaintext", s.Name, port.Name)
			}
		}
	}
	return c.lines
}
