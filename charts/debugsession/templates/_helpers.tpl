{{/*
Labels that stay the same when the chart's version changes. The objects that say who requests a session have these
alone: the operator trusts no session that waits while one of them is written.
*/}}
{{- define "debugsession.stableLabels" -}}
app.kubernetes.io/name: debugsession
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: debugsession
{{- end }}

{{/* Labels of all other objects. */}}
{{- define "debugsession.labels" -}}
{{ include "debugsession.stableLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels by which the Deployment and others find the operator's pods. They cannot change in an upgrade. */}}
{{- define "debugsession.selectorLabels" -}}
app.kubernetes.io/name: debugsession
app.kubernetes.io/component: manager
{{- end }}

{{/* The whole reference of the operator's image. */}}
{{- define "debugsession.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Not empty where spec.requestedBy is filled in. */}}
{{- define "debugsession.fillInRequester" -}}
{{- if and .Values.admission.fillInRequester (semverCompare ">=1.36-0" .Capabilities.KubeVersion.Version) -}}
true
{{- end -}}
{{- end }}
