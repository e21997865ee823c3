@virtual @browser
Feature: Who gets the call
  A call is offered to one agent at a time, to nobody who is away, and to the next one when it is not taken. The caller's
  phone does not ring before somebody is there for them.

  Background:
    Given I open the browser app
    And there are no existing tasks
    And a caller who stays on the line

  @real
  Scenario: Away
    Given I ask Twilio to set myself as "Available"
    When I set myself as away
    Then I am "Gone Home"
    And a request that is good for 15 seconds
    When a task is created and sent to Twilio
    Then the request is reported as missed, because of the deadline
    And I was not offered the call
    And the caller's phone did not ring

  Scenario: Coming back
    Given I ask Twilio to set myself as "On a break"
    When a task is created and sent to Twilio
    Then the call waits in the queue
    When I set myself as "Available"
    Then I see who is calling and why
    When I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: The agent does not answer, and the next one does
    Given I ask Twilio to set myself as "Available"
    And a caller who stays on the line
    When I receive a call
    Then my softphone rings
    When I do not answer
    Then I am "Missed call"
    When bob opens the browser app
    And bob sets himself as "Available"
    And bob answers
    Then bob and the caller hear each other
    And I was offered the call once
    When bob hangs up
    And bob finishes his notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: The agent declines, and the next one answers
    Given I ask Twilio to set myself as "Available"
    When I receive a call
    Then my softphone rings
    When I decline
    And bob opens the browser app
    And bob sets himself as "Available"
    And bob answers
    Then bob and the caller hear each other
    And I am "Available"
    When bob hangs up
    And bob finishes his notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: The agent leaves before the caller answers
    Given a caller who takes long to answer
    And I ask Twilio to set myself as "Available"
    When I receive a call
    And I answer
    Then the caller's phone rings
    When I set myself as away
    And I hang up
    Then the caller's phone stops ringing
    When bob opens the browser app
    And bob sets himself as "Available"
    And bob answers
    Then bob and the caller hear each other
    When bob hangs up
    And bob finishes his notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: A status that another system sets is seen
    Given I ask Twilio to set myself as "Available"
    Then I am "Available"
    When I ask Twilio to set myself as "On a break"
    Then I am "On a break"
