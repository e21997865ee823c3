@browser
Feature: What is to be heard
  A line that says it is connected and is silent is the worst of all faults, so here somebody listens at both ends.

  Background:
    Given I open the browser app
    And there are no existing tasks
    And I ask Twilio to set myself as "Available"
    And a caller who stays on the line

  Scenario: The conversation is about more than talking
    When I receive a call
    And I answer
    Then we hear each other
    When I mute myself
    Then the caller does not hear me
    When I unmute myself
    Then we hear each other
    When I press the keys "12#"
    Then the caller hears the keys "12#"
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: Two agents, two calls
    When I receive a call
    And I answer
    Then we hear each other
    When bob opens the browser app
    And bob sets himself as "Available"
    And somebody else, who stays on the line, is to be called
    And bob answers
    Then bob and the other caller hear each other
    And we hear each other
    And nobody hears anybody of the other call
    When bob hangs up
    And bob finishes his notes with "Resolved"
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
