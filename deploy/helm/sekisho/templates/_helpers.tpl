{{- define "sekisho.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "sekisho.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sekisho.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "sekisho.secret" -}}
{{- .Values.existingSecret | default (printf "%s-config" (include "sekisho.name" .)) }}
{{- end }}

{{/* What cannot work is said before it is tried. */}}
{{- define "sekisho.check" -}}
{{- if gt (int .Values.replicas) 1 }}
{{- if not .Values.sealKeySecret }}
{{- fail "more than one replica needs one seal.key for all: name a Secret in sealKeySecret" }}
{{- end }}
{{- if and (not .Values.existingSecret) (not (regexMatch "(?m)^\\s*url\\s*=\\s*\"postgres(ql)?://" .Values.config)) }}
{{- fail "more than one replica needs store.url = \"postgres://…\" in config: SQLite is of one node" }}
{{- end }}
{{- end }}
{{- end }}
