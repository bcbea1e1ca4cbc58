"""Reading what is known of people: from the store and the definitions, brought forward to the present, nothing written."""
