@browser
Feature: The softphone in a rough day
  Plugs fall out, networks go away, tokens run out. The agent sees it at once, gets no calls that nobody would answer, and
  nobody loses a caller who is on the line.

  Background:
    Given I open the browser app
    And there are no existing tasks
    And I set myself as "Available"
    And a caller who stays on the line

  Scenario: The line to Twilio breaks while we talk
    When I receive a call
    And I answer
    Then we hear each other
    When the line to Twilio is cut
    Then my page says that the softphone is lost
    And we hear each other
    When the line to Twilio is back
    Then my page says that the softphone is ready
    And we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
    And I am "Available"

  Scenario: The line to Twilio breaks between two calls
    When the line to Twilio is cut
    Then my page says that the softphone is lost
    And I am "Softphone lost"
    When a task is created and sent to Twilio
    Then the call waits in the queue
    And I was not offered the call
    When the line to Twilio is back
    Then I am "Available"
    When I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: The microphone is unplugged
    When my microphone is unplugged
    Then my page says that the softphone is lost
    And I am "Softphone lost"
    When a task is created and sent to Twilio
    Then the call waits in the queue
    And I was not offered the call
    When my microphone is plugged in again
    Then my page says that the softphone is ready
    And I am "Available"
    When I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: The token runs out during the shift
    When my token has been renewed
    And I receive a call
    And I answer
    Then we hear each other
    When my token has been renewed
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
