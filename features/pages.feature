@browser
Feature: The page in a rough day
  Laptops run out of battery, pages are loaded again, people open two. The agent comes back to where they were, and nobody
  loses a caller who is on the line.

  Background:
    Given I open the browser app
    And there are no existing tasks
    And I set myself as "Available"
    And a caller who stays on the line

  Scenario: The page dies while it rings
    When I receive a call
    Then my softphone rings
    When my page crashes
    And I open the browser app again
    And I answer
    Then we hear each other
    And the caller's phone rang once
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: The page dies while we talk
    When I receive a call
    And I answer
    Then we hear each other
    When my page crashes
    And I open the browser app again
    Then I am talking
    And we hear each other
    And the caller's phone rang once
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
    And I am "Available"

  Scenario: The page is loaded again while we talk
    When I receive a call
    And I answer
    Then we hear each other
    When I load the page again
    Then I am talking
    And we hear each other
    And the caller's phone rang once
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: The page dies while I write my notes
    When I receive a call
    And I answer
    Then we hear each other
    When I hang up
    Then I am asked for my notes
    When I note "she calls again in May"
    And my page crashes
    And I open the browser app again
    Then I am asked for my notes
    And my note still says "she calls again in May"
    When I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
    And the report says "she calls again in May"

  Scenario: The page is closed
    When I close the page
    Then Twilio has me as "Softphone lost"
    When I open the browser app again
    Then I am "Softphone lost"
    When I set myself as "Available"
    Then I am "Available"

  Scenario: Two tabs
    When I open the browser app in another tab
    Then the first tab says that the softphone is elsewhere
    When I receive a call
    And I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent
    When I take the softphone back in the first tab
    Then my page says that the softphone is ready
    When I receive a call
    And I answer
    Then we hear each other
    When I hang up
    And I finish my notes with "Resolved"
    Then the request is reported as completed, hung up by the agent

  Scenario: Nobody is kept out
    Then the page has no barriers
    When I receive a call
    Then my softphone rings
    And the page has no barriers
    When I answer
    Then we hear each other
    And the page has no barriers
    When I press the keys "5"
    Then the page has no barriers
    When I hang up
    Then I am asked for my notes
    And the page has no barriers
    When I finish my notes with "Resolved"
    Then I am told that we talked
    And the page has no barriers
    When my microphone is unplugged
    Then my page says that the softphone is lost
    And the page has no barriers
    When I sign out
    Then the page has no barriers
