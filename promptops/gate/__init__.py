"""May this change merge?"""
