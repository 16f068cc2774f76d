"""What people see: gradio builders and the HTML they show, handed a host."""
