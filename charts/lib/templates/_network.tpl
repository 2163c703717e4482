{{- /* cartwright.pods selects the pods of another service of this shop: dict with c, name and namespace (empty: this one). */ -}}
{{- define "cartwright.pods" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
      app.kubernetes.io/part-of: {{ include "cartwright.shop" .c }}
      app.kubernetes.io/component: server
  {{- with .namespace }}
  namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: {{ . }}}
  {{- end }}
{{- end -}}

{{- /* cartwright.egress.dns lets pods look up names, over UDP and TCP. */ -}}
{{- define "cartwright.egress.dns" -}}
{{- $dns := .root.Values.networkPolicy.dns -}}
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ $dns.namespace }}}
      podSelector:
        matchLabels: {{- toYaml $dns.podLabels | nindent 10 }}
    {{- range $dns.cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}

{{- define "cartwright.egress.database" -}}
- to:
    {{- range .root.Values.database.cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
  ports:
    - {protocol: TCP, port: {{ .root.Values.database.port }}}
{{- end -}}

{{- define "cartwright.egress.sandbox" -}}
- to: {{- include "cartwright.pods" (dict "c" . "name" "sandbox" "namespace" "") | nindent 4 }}
  ports:
    - {protocol: TCP, port: 8081}
{{- end -}}

{{- /* cartwright.ingress.metrics lets those in who read metrics. */ -}}
{{- define "cartwright.ingress.metrics" -}}
{{- $metrics := .root.Values.metrics -}}
{{- with $metrics.namespace }}
- from:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . }}}
      {{- with $metrics.podLabels }}
      podSelector:
        matchLabels: {{- toYaml . | nindent 10 }}
      {{- end }}
  ports:
    - {protocol: TCP, port: ops}
{{- end }}
{{- end -}}

{{- /* cartwright.egress.more is what values add: traces, public addresses, Pod Identity, other networks. */ -}}
{{- define "cartwright.egress.more" -}}
{{- $v := .root.Values -}}
{{- if and $v.tracing.endpoint (or $v.tracing.namespace $v.tracing.cidrs) }}
- to:
    {{- with $v.tracing.namespace }}
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . }}}
    {{- end }}
    {{- range $v.tracing.cidrs }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
  ports:
    - {protocol: TCP, port: {{ $v.tracing.port }}}
{{- end }}
{{- if $v.networkPolicy.internet.enabled }}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except: [0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
  ports:
    {{- range $v.networkPolicy.internet.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- if $v.networkPolicy.podIdentity }}
- to:
    - ipBlock: {cidr: 169.254.170.23/32}
  ports:
    - {protocol: TCP, port: 80}
{{- end }}
{{- range $v.networkPolicy.egress }}
- to:
    - ipBlock: {cidr: {{ .cidr }}}
  ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- end -}}

{{- /* cartwright.network refuses the server's pods everything but the edges of callgraph.json and what values add. */ -}}
{{- define "cartwright.network" }}
{{- $v := .root.Values }}
{{- $c := . }}
{{- $at := dict "c" . "component" "server" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "cartwright.fullname" . }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "cartwright.selector" $at | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if .http }}
    - ports: # the public port
        - {protocol: TCP, port: http}
    {{- end }}
    {{- if .grpc }}
    {{- range $caller := include "cartwright.callers" . | fromJsonArray }}
    - from: {{- include "cartwright.pods" (dict "c" $c "name" $caller "namespace" (get $v.callers $caller | default dict).namespace) | nindent 8 }}
      ports:
        - {protocol: TCP, port: grpc}
    {{- end }}
    {{- end }}
    {{- with include "cartwright.ingress.metrics" . | trim }}{{ . | nindent 4 }}{{ end }}
    {{- with ($v.route | default dict).healthCheckCidrs }}
    - from:
        {{- range . }}
        - ipBlock: {cidr: {{ . }}}
        {{- end }}
      ports:
        - {protocol: TCP, port: ops}
    {{- end }}
  egress:
    {{- include "cartwright.egress.dns" . | nindent 4 }}
    {{- if .database }}
    {{- include "cartwright.egress.database" . | nindent 4 }}
    {{- end }}
    {{- range $peer := include "cartwright.peers" . | fromJsonArray }}
    - to: {{- include "cartwright.pods" (dict "c" $c "name" $peer "namespace" (get $v.peers $peer | default dict).namespace) | nindent 8 }}
      ports:
        - {protocol: TCP, port: 9000}
    {{- end }}
    {{- if include "cartwright.sandbox.enabled" . }}
    {{- include "cartwright.egress.sandbox" . | nindent 4 }}
    {{- end }}
    {{- include "cartwright.egress.more" . | trim | nindent 4 }}
{{- end -}}

{{- /* cartwright.network.hook is the policy of a pod that lives as long as a hook: dict with c, component, annotations and egress. */ -}}
{{- define "cartwright.network.hook" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "cartwright.part" (dict "c" .c "part" .component) }}
  labels: {{- include "cartwright.labels" . | nindent 4 }}
  annotations: {{- .annotations | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "cartwright.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress: []
  egress: {{- .egress | nindent 4 }}
{{- end -}}
