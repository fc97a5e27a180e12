package main

import (
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/projectcalico/calico/felix/calc"
	"github.com/projectcalico/calico/felix/config"
	felix "github.com/projectcalico/calico/felix/proto"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/api"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/model"
)

// outcome is what Felix's calculation graph tells the data plane of one host, in protobuf's JSON.
type outcome struct {
	// Endpoints by workload and endpoint id.
	Endpoints map[string]json.RawMessage `json:"endpoints"`
	// Policies that some endpoint here has, by name.
	Policies map[string]json.RawMessage `json:"policies"`
	// IPSets that the policies name, by id.
	IPSets map[string][]string `json:"ipSets"`
	failed error
}

func newOutcome() *outcome {
	return &outcome{
		Endpoints: map[string]json.RawMessage{},
		Policies:  map[string]json.RawMessage{},
		IPSets:    map[string][]string{},
	}
}

// onEvent takes what the event sequencer sends to the data plane.
func (o *outcome) onEvent(event any) {
	switch update := event.(type) {
	case *felix.WorkloadEndpointUpdate:
		o.Endpoints[update.Id.WorkloadId+" "+update.Id.EndpointId] = o.textOf(update.Endpoint)
	case *felix.ActivePolicyUpdate:
		o.Policies[update.Id.Name] = o.textOf(update.Policy)
	case *felix.IPSetUpdate:
		o.IPSets[update.Id] = update.Members
	}
}

func (o *outcome) textOf(message proto.Message) json.RawMessage {
	text, err := protojson.Marshal(message)
	if err != nil {
		o.failed = err
	}
	return text
}

// cloud runs the calculation graph of each host over what was accepted, and forgets that.
func (j *judge) cloud(hosts []string) (any, error) {
	outcomes := map[string]*outcome{}
	for _, host := range hosts {
		outcomes[host] = j.host(host)
		if err := outcomes[host].failed; err != nil {
			return nil, err
		}
	}
	j.accepted = nil
	return map[string]any{"hosts": outcomes}, nil
}

// host is Felix there from its start to the moment when it is in sync.
func (j *judge) host(name string) *outcome {
	settings := config.New()
	settings.FelixHostname = name
	told := newOutcome()
	events := calc.NewEventSequencer(settings)
	events.Callback = told.onEvent
	graph := calc.NewCalculationGraph(events, nil, settings, func() {})
	filter := calc.NewValidationFilter(graph, settings)
	filter.OnUpdates([]api.Update{
		present(model.GlobalConfigKey{Name: "InterfacePrefix"}, "tap"),
		present(model.ReadyFlagKey{}, true),
	})
	filter.OnUpdates(j.accepted)
	filter.OnStatusUpdated(api.InSync)
	graph.Flush()
	events.Flush()
	return told
}

func present(key model.Key, value any) api.Update {
	return api.Update{KVPair: model.KVPair{Key: key, Value: value}, UpdateType: api.UpdateTypeKVNew}
}
