package main

import (
	"fmt"
	"reflect"

	apiv3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"

	"github.com/projectcalico/calico/felix/calc"
	"github.com/projectcalico/calico/felix/config"
	libapiv3 "github.com/projectcalico/calico/libcalico-go/lib/apis/v3"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/api"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/model"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/syncersv1/updateprocessors"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/watchersyncer"
	validatorv1 "github.com/projectcalico/calico/libcalico-go/lib/validator/v1"
	validatorv3 "github.com/projectcalico/calico/libcalico-go/lib/validator/v3"
)

// verdict says what becomes of one pair, and which of Felix's steps refused it.
type verdict struct {
	Accepted bool   `json:"accepted"`
	Unread   bool   `json:"unread,omitempty"`
	Judge    string `json:"judge,omitempty"`
	Why      string `json:"why,omitempty"`
	// V3 is what the v3 validator, to which calicoctl and the API server hold objects, has against it. Felix reads
	// these kinds of object without it.
	V3 string `json:"v3,omitempty"`
}

func refused(judge string, why any) verdict {
	return verdict{Judge: judge, Why: fmt.Sprint(why)}
}

// judge keeps what it has accepted of the cloud that is being read.
type judge struct {
	processors map[string]watchersyncer.SyncerUpdateProcessor
	// settings are Felix's at their defaults.
	settings *config.Config
	accepted []api.Update
}

func newJudge() *judge {
	return &judge{
		settings: config.New(),
		processors: map[string]watchersyncer.SyncerUpdateProcessor{
			libapiv3.KindWorkloadEndpoint: updateprocessors.NewWorkloadEndpointUpdateProcessor(),
			apiv3.KindNetworkPolicy:       updateprocessors.NewNetworkPolicyUpdateProcessor(),
		},
	}
}

// pair goes the way of a value from etcd to the calculation graph: key, value, update processor, validation filter.
func (j *judge) pair(path string, text []byte) verdict {
	key, isResource := model.KeyFromDefaultPath(path).(model.ResourceKey)
	if !isResource || j.processors[key.Kind] == nil {
		return verdict{Unread: true}
	}
	value, err := model.ParseValue(key, text)
	if err != nil {
		return refused("value", err)
	}
	if value == nil {
		return refused("value", "read as missing")
	}
	said := j.processed(key, value)
	if err := validatorv3.Validate(reflect.ValueOf(value).Elem().Interface()); err != nil {
		said.V3 = err.Error()
	}
	return said
}

// processed converts the resource as Felix's syncer does, and filters what comes of it.
func (j *judge) processed(key model.ResourceKey, value any) verdict {
	pairs, err := j.processors[key.Kind].Process(&model.KVPair{Key: key, Value: value, Revision: "1"})
	if err != nil {
		return refused("update processor", err)
	}
	for _, converted := range pairs {
		if said := j.filter(converted); !said.Accepted {
			return said
		}
	}
	return verdict{Accepted: true}
}

// caught is the next stage after a validation filter, and keeps what comes through.
type caught struct{ updates []api.Update }

func (c *caught) OnStatusUpdated(api.SyncStatus) {}
func (c *caught) OnUpdates(updates []api.Update) { c.updates = append(c.updates, updates...) }

// filter is Felix's own; what it takes out of an update it treats as missing.
func (j *judge) filter(pair *model.KVPair) verdict {
	if pair.Value == nil {
		return refused("update processor", "left out")
	}
	through := &caught{}
	calc.NewValidationFilter(through, j.settings).OnUpdates([]api.Update{
		{KVPair: *pair, UpdateType: api.UpdateTypeKVNew},
	})
	for _, update := range through.updates {
		if update.Value == nil {
			why := validatorv1.Validate(reflect.ValueOf(pair.Value).Elem().Interface())
			return refused("validation filter", why)
		}
	}
	j.accepted = append(j.accepted, through.updates...)
	return verdict{Accepted: true}
}
