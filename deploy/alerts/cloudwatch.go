package alerts

import (
	"time"
)

// cloudwatch writes the alarms of one service as a CloudFormation template. Their metrics are those that the collector sends under the
// names that relabel gives.
func cloudwatch(service string) ([]byte, error) {
	resources := fields{}
	for _, o := range SLOs(service) {
		for _, objective := range o.Objectives() {
			for _, burn := range Burns() {
				objective.alarms(resources, burn)
			}
		}
	}
	for _, a := range Alerts(service) {
		if a.NotInCloud == "" {
			resources[a.Name] = a.alarm()
		}
	}
	return encode(fields{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              "Alarms of " + service + ", generated from deploy/alerts; larger than what fits into a request, so deploy it with --s3-bucket.",
		"Parameters": fields{
			"Cluster": fields{"Type": "String", "Default": "cartwright-production", "Description": "As the collector names it."},
			"Pages":   fields{"Type": "String", "Description": "ARN of the topic that wakes somebody."},
			"Tickets": fields{"Type": "String", "Description": "ARN of the topic that waits for the next working day."},
		},
		"Resources": resources,
	})
}

// fields are an object of JSON.
type fields = map[string]any

func ref(name string) fields { return fields{"Ref": name} }

func (s Severity) topic() fields {
	if s == Page {
		return ref("Pages")
	}
	return ref("Tickets")
}

func dimensions(service string, more ...pair) []fields {
	list := []fields{{"Name": "cluster", "Value": ref("Cluster")}, {"Name": "service", "Value": service}}
	for _, d := range more {
		list = append(list, fields{"Name": d.name, "Value": d.value})
	}
	return list
}

func stat(id, metric, statistic string, period time.Duration, dims []fields) fields {
	return fields{"Id": id, "ReturnData": false, "MetricStat": fields{
		"Stat": statistic, "Period": int(period.Seconds()),
		"Metric": fields{"Namespace": "Cartwright", "MetricName": metric, "Dimensions": dims},
	}}
}

// alarm is one alarm for an alert with one figure.
func (a Alert) alarm() fields {
	properties := fields{
		"AlarmName":          "cartwright-" + a.Service + "-" + a.Name,
		"AlarmDescription":   a.Summary + " " + Runbook(a.Name),
		"AlarmActions":       []fields{a.Severity.topic()},
		"OKActions":          []fields{a.Severity.topic()},
		"ComparisonOperator": "GreaterThanThreshold",
		"Threshold":          a.Threshold,
		"TreatMissingData":   "notBreaching",
	}
	if a.Below {
		properties["ComparisonOperator"], properties["TreatMissingData"] = "LessThanThreshold", "breaching"
	}
	m, dims := a.Measure, dimensions(a.Service)
	period := max(m.Window, time.Minute)
	properties["EvaluationPeriods"] = max(1, int(a.For/period))
	simple := func(statistic string) {
		properties["Namespace"], properties["MetricName"], properties["Dimensions"] = "Cartwright", m.Of.cloudName(), dims
		properties["Statistic"], properties["Period"] = statistic, int(period.Seconds())
	}
	quotient := func(statistic string) {
		properties["Metrics"] = []fields{
			{"Id": "share", "Expression": "part / whole"},
			stat("part", m.Of.cloudName(), statistic, period, dims), stat("whole", m.Per.cloudName(), statistic, period, dims),
		}
	}
	switch m.Kind {
	case Grown:
		simple("Sum")
	case Share:
		quotient("Sum")
		properties["TreatMissingData"] = "notBreaching" // nothing began, so nothing failed
	case Ratio:
		quotient("Maximum")
	case Missing:
		simple("SampleCount")
		properties["ComparisonOperator"], properties["Threshold"], properties["TreatMissingData"] = "LessThanThreshold", 1, "breaching"
	default:
		simple("Maximum")
	}
	return fields{"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
}

// longest is the longest period that an alarm can have.
const longest = 24 * time.Hour

// alarms adds one alarm per window, and one that rings while both do.
func (o Objective) alarms(resources fields, b Burn) {
	speed := map[string]string{"14.4": "Fast", "6": "Quick", "1": "Steady"}[b.Rate]
	long, short := o.Alert()+speed+"Long", o.Alert()+speed+"Short"
	resources[long], resources[short] = o.window(long, b, b.Long), o.window(short, b, b.Short)
	resources[o.Alert()+speed] = fields{"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": fields{
		"AlarmName":        "cartwright-" + o.Alert() + speed,
		"AlarmDescription": o.summary() + " " + Runbook(o.Alert()),
		"AlarmActions":     []fields{b.Severity.topic()},
		"OKActions":        []fields{b.Severity.topic()},
		"AlarmRule":        fields{"Fn::Sub": `ALARM("${` + long + `}") AND ALARM("${` + short + `}")`},
	}}
}

// window is the alarm of one window. Three days are three periods of a day that all burn: no period is longer.
func (o Objective) window(name string, b Burn, window time.Duration) fields {
	period := min(window, longest)
	set := pair{"slo", o.Name}
	total := stat("total", "rpc_server_requests_total", "Sum", period, dimensions(o.Service, set))
	metrics := []fields{
		{"Id": "bad", "Expression": "FILL(failed, 0) / total"},
		stat("failed", "rpc_server_requests_total", "Sum", period, dimensions(o.Service, set, pair{"outcome", "failed"})), total,
	}
	if o.Slowness {
		metrics = []fields{
			{"Id": "bad", "Expression": "1 - FILL(fast, 0) / total"}, stat("fast", o.inTime(), "Sum", period, dimensions(o.Service, set)), total,
		}
	}
	return fields{"Type": "AWS::CloudWatch::Alarm", "Properties": fields{
		"AlarmName":          "cartwright-" + name,
		"AlarmDescription":   "One of two windows of " + o.Alert() + "; nobody is told by it.",
		"ComparisonOperator": "GreaterThanThreshold",
		"Threshold":          round(b.rate() * o.budget()),
		"EvaluationPeriods":  int(window / period),
		"TreatMissingData":   "notBreaching",
		"Metrics":            metrics,
	}}
}

// inTime is the name of the counter of calls within the promised time. The collector has a name for 250 ms already.
func (o Objective) inTime() string {
	if o.Within == "0.25" {
		return "rpc_server_fast_total"
	}
	return "rpc_server_in_time_total"
}
