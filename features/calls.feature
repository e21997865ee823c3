@virtual @browser
Feature: Calling somebody back
  Somebody has asked to be called. An agent is on the line before their phone rings, knows who it is and why, and is
  ready for the next one afterwards.

  Background:
    Given I open the browser app
    And there are no existing tasks
    And I ask Twilio to set myself as "Available"

  @real
  Scenario: Worker hangs up
    Given a caller who stays on the line
    When I receive a call
    Then I see who is calling and why
    And my softphone rings
    When I answer
    Then the caller's phone rings
    And we hear each other
    When I hang up
    Then the caller is not on the line any more
    When I finish my notes with "Resolved"
    Then I am told that we talked
    And the request is reported as completed, hung up by the agent
    And I am "Available"

  @real
  Scenario: User hangs up
    Given a caller who talks for a while and hangs up
    When I receive a call
    And I answer
    Then we hear each other
    And the caller hangs up
    And I am asked for my notes
    When I finish my notes with "Resolved"
    Then I am told that we talked
    And the request is reported as completed, hung up by the caller
    And I am "Available"

  @real
  Scenario: Call times out
    Given a caller who never answers
    When I receive a call
    And I answer
    Then the caller's phone rings
    And I am told that the caller did not answer
    And the request is reported as no_answer
    And I am "Available"

  @real
  Scenario: Call fails due to busy
    Given a caller who is busy
    When I receive a call
    And I answer
    Then I am told that the caller was busy
    And the request is reported as busy
    And I am "Available"

  @real
  Scenario: Call fails due to immediate hangup
    Given a caller who hangs up at once
    When I receive a call
    And I answer
    Then I am told that the caller hung up at once
    And the request is reported as hung_up_early, hung up by the caller
    And I am "Available"

  @real
  Scenario: Two calls in a row
    Given a caller who stays on the line
    When I receive a call
    And I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
    And I am "Available"
    When I receive a call
    And I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Call again"
    Then the request is reported as completed, hung up by the agent
    And I am "Available"

  Scenario: The number cannot be reached
    Given a caller who cannot be reached
    When I receive a call
    And I answer
    Then I am told that the caller could not be reached
    And the request is reported as unreachable
    And I am "Available"

  Scenario: A voicemail answers, and the request wanted to know
    Given a caller whose voicemail answers
    And a request that is not for machines
    When I receive a call
    And I answer
    Then I am told that a voicemail answered
    And the request is reported as voicemail, hung up by switchboard
    And I am "Available"

  Scenario: A voicemail answers, and the agent speaks to it
    Given a caller whose voicemail answers
    When I receive a call
    And I answer
    Then I am talking
    When I hang up
    And I finish my notes with "Call again"
    Then the request is reported as completed, hung up by the agent

  Scenario: The line was engaged, and is tried again
    Given a caller who is busy
    And a request that may be tried 2 times
    When I receive a call
    And I answer
    Then I am told that the caller was busy
    And it is going to be tried again
    When the caller's line is free again
    And I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
