package stack

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/provision"
)

var robotNames = []string{"anna", "ben", "chloe", "dev", "ella", "finn", "grace", "hugo", "isla", "jack"}

// RobotName is the name of the i-th robot agent, from 0, and the identity of its softphone.
func RobotName(i int) string {
	name := robotNames[i%len(robotNames)]
	if round := i / len(robotNames); round > 0 {
		name = fmt.Sprintf("%s%d", name, round+1)
	}
	return name
}

// robots are their names as a person would list them.
func (s *Stack) robots() string {
	var names []string
	for i := range s.o.Agents {
		names = append(names, RobotName(i))
	}
	const most = 4
	switch {
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	case len(names) > 1:
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
	return strings.Join(names, "")
}

// Agents returns the SIDs of the robot agents by name.
func (s *Stack) Agents() map[string]sb.AgentSID { return maps.Clone(s.workspace.Agents) }

// AgentName is the name of an agent; the SID itself for one that is not a robot of this stack.
func (s *Stack) AgentName(sid sb.AgentSID) string {
	for name, known := range s.workspace.Agents {
		if known == sid {
			return name
		}
	}
	return string(sid)
}

// SetStatus changes an agent's status through Twilio's API, as the agent's page does: "Available", "Offline", ….
func (s *Stack) SetStatus(ctx context.Context, agent, status string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return provision.SetAgentStatus(ctx, s.twilio(), s.workspace, agent, status)
}
