{{/*
Refuses limits that Sluice would refuse and the schema cannot tell. Takes a list of the values "limits" and of the operations in
the routes' file, with the limits in it.
*/}}
{{- define "sluice.validateLimits" -}}
{{- $limits := index . 0 -}}
{{- $operations := index . 1 -}}
{{- $jar := list "signedurl" "upload" "delete" "usage" -}}
{{- $known := $jar -}}
{{- range $name := keys $operations -}}
{{- $known = append $known (include "sluice.uniform" $name) -}}
{{- end -}}
{{- range $name, $_ := $limits.operations -}}
{{- $limit := get $operations $name -}}
{{- if and (not (has (include "sluice.uniform" $name) $jar)) (not (and (hasKey $limit "memory") (hasKey $limit "redis"))) -}}
{{- fail (printf "limits.operations.%s is an operation of your own: it needs both memory and redis" $name) -}}
{{- end -}}
{{- include "sluice.validateRates" (list (printf "operations.%s" $name) $limit) -}}
{{- end -}}
{{- range $plan, $of := $limits.plans -}}
{{- range $name, $limit := $of.operations -}}
{{- if not (has (include "sluice.uniform" $name) $known) -}}
{{- fail (printf "limits.plans.%s.operations.%s: there is no such operation; limits.operations makes one" $plan $name) -}}
{{- end -}}
{{- include "sluice.validateRates" (list (printf "plans.%s.operations.%s" $plan $name) $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Each window has one rate, and 31 days at most. */}}
{{- define "sluice.validateRates" -}}
{{- $where := index . 0 -}}
{{- $limit := index . 1 -}}
{{- range $kind := list "memory" "redis" -}}
{{- $windows := list -}}
{{- $rates := get $limit $kind | default list -}}
{{- range $rate := kindIs "string" $rates | ternary (splitList "," (toString $rates)) $rates -}}
{{- with include "sluice.seconds" (splitList "/" $rate | last | trim) -}}
{{- if gt (int64 .) 2678400 -}}
{{- fail (printf "limits.%s.%s: the window of %s is longer than 31d" $where $kind $rate) -}}
{{- end -}}
{{- if has . $windows -}}
{{- fail (printf "limits.%s.%s has two rates for the window of %s s" $where $kind .) -}}
{{- end -}}
{{- $windows = append $windows . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names of operations that differ only in dashes, underscores and case are the same. */}}
{{- define "sluice.uniform" -}}
{{- . | lower | replace "-" "" | replace "_" "" -}}
{{- end -}}
