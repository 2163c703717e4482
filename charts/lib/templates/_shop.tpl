{{- /*
cartwright.namespace is what an administrator gives a shop before anything is installed: a namespace where only restricted pods run
and nothing may talk that no policy allows, and the classes that say what stays when room is short.
*/ -}}
{{- define "cartwright.namespace" }}
{{- $v := .root.Values }}
{{- $labels := dict "app.kubernetes.io/part-of" "cartwright" "app.kubernetes.io/managed-by" .root.Release.Service }}
---
apiVersion: v1
kind: Namespace
metadata:
  name: {{ $v.name }}
  labels:
    {{- toYaml $labels | nindent 4 }}
    {{- range list "enforce" "audit" "warn" }}
    pod-security.kubernetes.io/{{ . }}: restricted
    pod-security.kubernetes.io/{{ . }}-version: latest
    {{- end }}
    {{- with $v.labels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    helm.sh/resource-policy: keep
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: {{ $v.name }}
  labels: {{- toYaml $labels | nindent 4 }}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
{{- if $v.priorityClasses }}
{{- range $name, $value := dict "cartwright-critical" 100000 "cartwright-default" 10000 }}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata:
  name: {{ $name }}
  labels: {{- toYaml $labels | nindent 4 }}
value: {{ $value }}
description: {{ ternary "What takes orders and money: gateway, cart, payment, inventory." "What a shop can be without for a while: product, pricing, the auditor." (eq $name "cartwright-critical") | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* cartwright.guard refuses release names of the umbrella under which its services would not find each other. */ -}}
{{- define "cartwright.guard" -}}
{{- range $name := list "gateway" "product" "pricing" "cart" "payment" "inventory" "sandbox" "auditor" -}}
{{- if or (eq $.Release.Name $name) (hasSuffix (printf "-%s" $name) $.Release.Name) -}}
{{- fail (printf "release name %s: a whole shop cannot be called as one of its services" $.Release.Name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
