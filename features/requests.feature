Feature: What other systems may rely on
  Whoever asks for a call gets exactly one answer: what became of it. They may change their mind at any time, and nobody
  is rung who is not wanted any more.

  Background:
    Given I open the browser app
    And there are no existing tasks

  @virtual @browser
  Scenario: Withdrawn while it waits
    Given a caller who stays on the line
    And I ask Twilio to set myself as "On a break"
    When a task is created and sent to Twilio
    Then the call waits in the queue
    When the request is withdrawn
    Then the request is reported as cancelled, because of the requester
    And the caller's phone did not ring

  @virtual @browser
  Scenario: Withdrawn while the agent's softphone rings
    Given a caller who stays on the line
    And I ask Twilio to set myself as "Available"
    When I receive a call
    Then my softphone rings
    When the request is withdrawn
    Then my softphone stops ringing
    And the request is reported as cancelled, because of the requester
    And the caller's phone did not ring
    And I am "Available"

  @virtual @browser
  Scenario: Withdrawn while the caller's phone rings
    Given a caller who takes long to answer
    And I ask Twilio to set myself as "Available"
    When I receive a call
    And I answer
    Then the caller's phone rings
    When the request is withdrawn
    Then the caller's phone stops ringing
    And I am told that the request was withdrawn
    And the request is reported as cancelled, because of the requester
    And I am "Available"

  @virtual @browser
  Scenario: Withdrawn while they talk
    Given a caller who stays on the line
    And I ask Twilio to set myself as "Available"
    When I receive a call
    And I answer
    Then we hear each other
    And we have talked for 5 seconds
    When the request is withdrawn
    Then the caller is not on the line any more
    And the request is reported as completed, hung up by switchboard, because of the requester
    And I am "Available"

  @virtual @browser
  Scenario: Withdrawn before it was made
    Given a caller who stays on the line
    And I ask Twilio to set myself as "Available"
    When the request is withdrawn before it is made
    Then the request is reported as cancelled, because of the requester
    And I was not offered the call
    And the caller's phone did not ring

  @virtual
  Scenario Outline: The webhooks of Twilio are lost
    Given no webhook of Twilio arrives
    And a caller who <behaves>
    And I ask Twilio to set myself as "Available"
    When I receive a call
    And I answer
    Then the request is reported as <outcome>
    And I am "Available"

    Examples:
      | behaves                            | outcome                             |
      | talks for a while and hangs up     | completed, hung up by the caller    |
      | never answers                      | no_answer                           |
      | is busy                            | busy                                |
      | hangs up at once                   | hung_up_early, hung up by the caller |
      | cannot be reached                  | unreachable                         |

  @virtual
  Scenario: The agent's line breaks as the caller picks up
    Given a caller who stays on the line
    And I ask Twilio to set myself as "Available"
    And the news that the caller has picked up is late
    When I receive a call
    And I answer
    Then the caller picks up
    When my line breaks
    Then the caller hears an apology
    And the news is in time again
    When I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
