"""The nerves: Faust apps, batch delivery, the commit order, the six agents and the command line."""
